"""The TeX of formulas that JupyterLab, the PDF and the web page set alike.

pandoc translates TeX for the PDF and for the page, and drops or changes what it does not know.
Only what was compared with JupyterLab is let through; a test holds every sign listed here against
matplotlib's table of TeX names.
"""

import re

SIGNS = set(
    """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho
sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi
Omega ell hbar partial nabla infty emptyset forall exists neg top bot angle prime
times cdot div pm mp ast star circ bullet oplus otimes odot cap cup wedge vee setminus
le leq ge geq ne neq ll gg equiv approx sim simeq cong propto in notin ni subset subseteq supset
supseteq mid perp parallel prec succ
to gets mapsto rightarrow leftarrow leftrightarrow Rightarrow Leftarrow Leftrightarrow uparrow
downarrow longrightarrow longleftarrow
sum prod int bigcup bigcap bigoplus bigotimes
lfloor rfloor lceil rceil langle rangle lvert rvert lVert rVert
dots ldots cdots vdots ddots
""".split()
)
FUNCTIONS = set(
    """
arg max min sup inf lim det dim ker gcd deg Pr exp log ln lg sin cos tan cot sec csc
arcsin arccos arctan sinh cosh tanh coth bmod
""".split()
)
ACCENTS = set(
    """
hat bar tilde vec dot ddot widehat widetilde overline underline overrightarrow overbrace underbrace
""".split()
)
STYLES = set("mathbf mathrm mathit mathsf mathtt mathbb mathcal text".split())
STRUCTURES = set("frac binom sqrt left right begin end operatorname quad qquad".split())
COMMANDS = SIGNS | FUNCTIONS | ACCENTS | STYLES | STRUCTURES | set(r",:;{}\%#_")
ENVIRONMENTS = set("pmatrix bmatrix cases aligned".split())

_LABEL = 'a <span id="eq-name"></span> before the formula'
_BRACKETS = r"\left and \right"
_ADVICE = {
    "tag": _LABEL, "label": _LABEL, "nonumber": "the formula without it",
    "ref": "[equation](#eq-name) in the text", "eqref": "[equation](#eq-name) in the text",
    "newcommand": "the formula in full", "def": "the formula in full",
    "boxed": "a call-out", "substack": "one condition",
    "overset": "words beside the formula", "underset": "words beside the formula",
    "stackrel": "words beside the formula", "xrightarrow": r"\to, and words beside it",
    "color": "words", "textcolor": "words", "colorbox": "words",
    "hspace": r"\quad", "hskip": r"\quad", "kern": r"\,", "enspace": r"\quad", "enskip": r"\quad",
    "mspace": r"\,", "mkern": r"\,", "thinspace": r"\,", " ": r"\,",
    ">": r"\:", "!": "nothing", "|": r"\lVert and \rVert", "$": "the amount in words",
    "mathop": r"\operatorname", "operatorname*": r"\operatorname", "limits": "nothing",
    "nolimits": "nothing", "displaystyle": "a formula in $$", "dfrac": r"\frac", "tfrac": r"\frac",
    "cfrac": r"\frac", "over": r"\frac", "choose": r"\binom", "rm": r"\mathrm", "bf": r"\mathbf",
    "it": r"\mathit", "bm": r"\mathbf", "boldsymbol": r"\mathbf", "&": "and",
    "mbox": r"\text", "textrm": r"\text",
    "textbf": r"\text", "textit": r"\text", "mod": r"\bmod", "pmod": r"\bmod", "middle": r"\mid",
    "not": r"\neq or \notin", "varnothing": r"\emptyset", "mathscr": r"\mathcal",
    "lbrace": r"\{", "rbrace": r"\}", "land": r"\wedge", "lor": r"\vee", "phantom": "an aligned",
    **{size + side: _BRACKETS for size in ("big", "Big", "bigg", "Bigg") for side in ("", *"lrm")},
}  # fmt: skip
_INSTEAD = {
    "matrix": "pmatrix or bmatrix", "smallmatrix": "pmatrix", "array": "pmatrix or aligned",
    "vmatrix": r"\det and pmatrix", "Vmatrix": "pmatrix", "Bmatrix": "pmatrix",
    "align": "aligned", "align*": "aligned", "equation": "the formula alone",
    "equation*": "the formula alone", "split": "aligned", "gathered": "aligned",
    "gather": "aligned", "gather*": "aligned", "multline": "aligned", "eqnarray": "aligned",
}  # fmt: skip


_TWICE = re.compile(  # an index or exponent and another one behind it
    r"([_^])\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|[^\s{}\\])\s*\1"
)


def problems(tex: str) -> list[str]:
    """Return what cannot be typeset in a formula and what to write instead, one line for each."""
    found = {}
    for command in re.findall(r"\\([A-Za-z]+\*?|.)", tex, re.S):
        if command not in COMMANDS and command.rstrip("*") not in COMMANDS - {"operatorname"}:
            found["\\" + command] = _ADVICE.get(command, "it with the signs of report/formulas.py")
    for name in re.findall(r"\\begin\s*\{(.*?)\}", tex):
        if name not in ENVIRONMENTS:
            found[f"{{{name}}}"] = _INSTEAD.get(name, " or ".join(sorted(ENVIRONMENTS)))
    for style in re.findall(r"\\(math[a-z]+)\s*(?:\{[^{}]*\\|\\)", tex):
        found[f"a command inside \\{style}"] = "letters or digits there"
    for side in re.findall(r"\\(?:left|right)\s*\.", tex):
        found[side] = "words"
    # JupyterLab shows an error instead of these; pandoc guesses.
    lefts, rights = (re.findall(rf"\\{side}(?![A-Za-z])", tex) for side in ("left", "right"))
    if len(lefts) != len(rights):
        found[r"\left without \right"] = "both, or a bracket alone"
    if twice := _TWICE.search(tex):
        found[f"a second {twice[1]} in {twice[0]}"] = "braces around the first"
    if not tex.strip():
        found["an empty formula"] = "one between the dollars, or no dollars"
    if "{,}" in tex:
        found["{,}"] = r"\,"
    if re.search(r"(?<!\\)%", tex):
        found["a comment (%)"] = "nothing, or \\%"
    for sign in re.findall(r"[^\x09-\x7e\xa0-\u024f]", tex):
        found[f"the character {sign} (U+{ord(sign):04X})"] = "its TeX name"
    if any("\xa0" <= sign <= "\u024f" for sign in re.sub(r"\\text\s*\{[^{}]*\}", "", tex)):
        found["a letter that is not ASCII"] = "its TeX name, or \\text around words"
    return [f"{what} cannot be typeset; write {instead}" for what, instead in found.items()]
