-- Reads the lessons as cells.py writes them: each cell by itself, so that nothing that one cell
-- leaves open reaches the next. Markdown is read as CommonMark with tables, as in JupyterLab, and
-- compared with what a second parser made of it in Python (markdown.py).

package.path = pandoc.path.directory(PANDOC_SCRIPT_FILE) .. "/?.lua;" .. package.path
local shown = require("shown")
local wording = require("wording")

local FLAVOUR = "commonmark+pipe_tables+strikeout+autolink_bare_uris"
local problems = {}

local function markdown(piece, where)
  local function problem(text) table.insert(problems, where .. ": " .. text) end
  local blocks = pandoc.read(piece.text .. "\n", FLAVOUR).blocks
  local difference = shown.difference(blocks, piece.shown)
  if difference then
    problem("JupyterLab and the report read this differently\n  " .. wording.source(difference, piece.formulas))
  end
  local filter = { Inlines = wording.completing(piece.formulas, problem) }
  if piece.text:find("<", 1, true) then
    filter.RawBlock = function(raw)
      local tag = raw.text:match("^%s*(<%a[^>]*>)")
      if tag then problem(tag .. " in the text is HTML, which is not printed; write Markdown") end
      return {}
    end
  end
  if piece.text:find("@@", 1, true) then
    filter.CodeBlock = function(code)
      code.text = wording.source(code.text, piece.formulas)
      return code
    end
  end
  return blocks:walk(filter)
end

local function caption(piece, where)
  local blocks = markdown(piece, where)
  return pandoc.Plain(blocks[1] and blocks[1].content or {})
end

local kinds = {}
function kinds.markdown(cell, where)
  local blocks = markdown(cell, where)
  return cell.tag and pandoc.Blocks({ pandoc.Div(blocks, { class = cell.tag }) }) or blocks
end
function kinds.code(cell)
  local class = cell.folded and "folded" or "code"
  return { pandoc.Div({ pandoc.CodeBlock(cell.text, { class = "python" }) }, { class = class }) }
end
function kinds.output(cell)
  return { pandoc.Div({ pandoc.CodeBlock(cell.text, { class = "text" }) }, { class = "output" }) }
end
function kinds.picture(cell, where)
  local attributes = { class = "picture", name = cell.name, file = cell.file, alt = cell.alt, said = cell.said, module = cell.module, state = cell.state }
  return { pandoc.Div({ caption(cell.caption, where) }, attributes) }
end
function kinds.table(cell, where)
  local function problem(text) table.insert(problems, where .. ": " .. text) end
  local content = pandoc.Blocks({})
  for _, block in ipairs(pandoc.read(cell.html, "html").blocks) do
    content:extend(block.t == "Div" and block.content or { block })
  end
  local tables = content:filter(function(block) return block.t == "Table" end)
  local others = content:filter(function(block) return block.t ~= "Table" and block.t ~= "Para" and block.t ~= "Plain" end)
  if #tables == 0 or #others > 0 then
    problem("an HTML output that is not a table")
  elseif #tables > 1 and cell.name ~= "" then
    problem("two tables with one caption; show each with figures.table")
  elseif cell.html:find("$", 1, true) then
    problem("a table with a dollar, which JupyterLab takes for a formula; use words")
  end
  content = content:walk({ Inlines = wording.of_data })
  content:insert(caption(cell.caption, where))
  return { pandoc.Div(content, { class = "table", name = cell.name, said = cell.said }) }
end

local function cells(list, name)
  local blocks = pandoc.Blocks({})
  for _, cell in ipairs(list) do
    local where = "lesson " .. name .. ", cell " .. cell.at
    blocks:insert(pandoc.Div(kinds[cell.kind](cell, where), { class = "cell", at = cell.at }))
  end
  return blocks
end

function Reader(input)
  local book, blocks = pandoc.json.decode(tostring(input)), pandoc.Blocks({})
  if #book.preface > 0 then
    blocks:insert(pandoc.Div(cells(book.preface, "preface"), { class = "preface" }))
  end
  for _, lesson in ipairs(book.lessons) do
    local attributes = { class = "lesson", name = lesson.name, number = lesson.number }
    blocks:insert(pandoc.Div(cells(lesson.cells, lesson.name), attributes))
  end
  if book.paper then
    local paper = pandoc.Blocks({})
    for _, cell in ipairs(book.paper) do
      local attributes = { class = "picked", kind = cell.class, lesson = cell.from, at = cell.at, number = cell.number, width = cell.width, name = cell.class == "section" and cell.name or nil }
      paper:insert(pandoc.Div(kinds[cell.kind](cell, (cell.from == "paper" and "paper.md, line " or "lesson " .. cell.from .. ", cell ") .. cell.at), attributes))
    end
    blocks:insert(pandoc.Div(paper, { class = "paper" }))
  end
  if #problems > 0 then
    io.stderr:write(table.concat(problems, "\n") .. "\n")
    os.exit(1)
  end
  return pandoc.Pandoc(blocks)
end
