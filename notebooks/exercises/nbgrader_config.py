"""The course in build/exercises/course/, for nbgrader's commands and JupyterLab's pages of it."""

c = get_config()  # noqa: F821, nbgrader defines it

c.CourseDirectory.course_id = "convolution"
c.ExecutePreprocessor.timeout = 120  # seconds for a cell of a submission
c.ExecutePreprocessor.kernel_name = "python3"
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError()"}
