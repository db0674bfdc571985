"""The folder of figures."""

from small import lessons

from report import build


def test_figures_folder(tmp_path):
    paths, output = lessons(tmp_path / "notebooks"), tmp_path / "figures"
    output.mkdir()
    (output / "03-gone.svg").write_text("a figure that no lesson makes any more")
    build.main(["figures", "--output", str(output), *map(str, paths)])
    names = {"03-curve.png", "03-curve.svg", "03-moving.png", "README.md"}
    assert {path.name for path in output.iterdir()} == names
    index = (output / "README.md").read_text()
    assert "The curve bends at $x = 1$." in index and "03_first" in index
    before = {path: path.stat().st_mtime_ns for path in output.iterdir()}
    build.main(["figures", "--output", str(output), *map(str, paths)])
    assert before == {path: path.stat().st_mtime_ns for path in output.iterdir()}
