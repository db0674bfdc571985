-- The paper: cells of the lessons in another order, which link to their places in the book and on the
-- web pages. The lessons were numbered before; figures, tables and equations here have numbers of
-- their own. Only for Typst.

local S = require("state")
local blocks = require("blocks")
local stringify = pandoc.utils.stringify
local M = {}

-- The named destination of a place in the book, and the page of the site that has it
local function destination(id)
  local kind = S.kind_of[id]
  if kind == "figure" or kind == "table" then return "place-" .. id end
  local known = kind == "callout" or kind == "section" or kind == "lesson"
  if known or not S.section_of[id] then return id end
  return S.section_of[id]
end

-- A link to what the paper does not have
function M.elsewhere(id, content)
  return S.wrapped(S.inline(("#paper.elsewhere(%s)["):format(S.quoted(destination(id)))), content, S.inline("];"))
end

-- The small words that say where something is from
local function source(id)
  local page = S.lesson_of[id] and ("%s.html#%s"):format(S.lesson_of[id], id) or id .. ".html"
  return S.inline(("#paper.source(%s, %s);"):format(S.quoted(destination(id)), S.quoted(page)))
end

-- ------------------------------------------------------------------ numbers
local function counting()
  local count = {}
  return function(kind)
    count[kind] = (count[kind] or 0) + 1
    return tostring(count[kind])
  end
end

local function define(id, kind, number, sources)
  sources[id] = S.kind_of[id] and source(id)
  S.here[id], S.kind_of[id], S.number_of[id] = true, kind, number
end

-- Numbers the figures, tables, equations and headings of the paper.
local function number(cell, next_number, sources)
  local own = cell.attributes.lesson == "paper"
  return cell:walk({
    traverse = "topdown",
    Div = function(div)
      local kind, name = div.classes[1], div.attributes.name
      if (kind == "picture" or kind == "table") and name and name ~= "" then
        kind = kind == "picture" and "figure" or kind
        div.identifier = name
        div.attributes.width = cell.attributes.width
        define(name, kind, next_number(kind), sources)
      end
      return div
    end,
    Header = function(header)
      header.identifier = S.id_in(0, S.anchor(stringify(header)))
      define(header.identifier, "section", nil, sources)
      return header
    end,
    Span = function(span)
      if span.classes[1] ~= "equation" then return end
      local named = own and span.identifier ~= ""
      span.identifier = named and S.id_in(0, span.identifier) or ""
      if named then define(span.identifier, "equation", next_number("equation"), sources) end
      return span, false
    end,
  })
end

-- ------------------------------------------------------------------- pieces
-- The blocks of a cell, without the places that it had in its lesson, and with links that work here
local function read_by(read, cell)
  local name = cell.attributes.lesson
  S.lesson = { name = name, number = tonumber(name:match("^%d%d")) or 0 }
  return read(cell)
end

local function without_title(para)
  for i, piece in ipairs(para.content) do
    if piece.t == "Strong" then
      local rest = pandoc.Inlines({})
      for j = i + 1, #para.content do rest:insert(para.content[j]) end
      while rest[1] and (rest[1].t == "Space" or rest[1].t == "SoftBreak") do rest:remove(1) end
      return rest, stringify(piece):match("%d%.%d+,%s*(.-)%.?$")
    end
  end
end

local function ending_with(content, inline)
  content:extend({ pandoc.Space(), inline })
  return content
end

local makers = {}

function makers.prose(cell, read) return blocks.set(read_by(read, cell)) end

-- The question before its first answer, then the answer.
function makers.answer(cell, read, sources, state)
  local number = cell.attributes.number
  local question = S.questions[number]
  state.answered[number] = (state.answered[number] or 0) + 1
  local list = pandoc.Blocks({})
  if state.answered[number] == 1 then
    local asked = pandoc.Div({ pandoc.Plain(question.statement) }, { at = "question " .. number, lesson = question.lesson.name })
    list:insert(S.block(("#paper.question(%s)["):format(S.quoted(number))))
    list:extend(read_by(read, asked))
    list:insert(S.block("]"))
  end
  local answer = cell.content[1].t == "Div" and cell.content[1].content[1] or cell.content[1]
  local content = without_title(answer)
  local para = pandoc.Div({ pandoc.Para(content) }, { at = cell.attributes.at, lesson = cell.attributes.lesson })
  local made = read_by(read, para)
  ending_with(made[1].content, source(question.answered[state.answered[number]]))
  list:extend(made)
  return list
end

-- An item of a list in the abstract, a paragraph elsewhere
function makers.finding(cell, read, _, state)
  local made = read_by(read, cell)
  local summary = S.id_in(S.lesson.number, "Summary")
  ending_with(made[1].content, source(S.kind_of[summary] and summary or S.lesson.name))
  return state.opened and made or pandoc.Blocks({ pandoc.BulletList({ made }) })
end

function makers.section(cell, read)
  local id = S.id_in(tonumber(cell.attributes.lesson:match("^%d%d")), S.anchor(cell.attributes.name))
  local list = blocks.set(read_by(read, cell))
  list:insert(pandoc.Para({ source(id) }))
  return list
end

local function shown(cell, read, sources)
  local made = read_by(read, cell)
  local div = made[1]
  local caption = div.content[#div.content]
  if sources[div.identifier] then ending_with(caption.content, sources[div.identifier]) end
  return blocks.set(made)
end
makers.figure, makers.table = shown, shown

-- The whole paper; what stands before its first heading is the abstract.
function M.blocks(div, read)
  S.here = { references = true }
  local cells, sources, state, next_number = pandoc.List({}), {}, { answered = {} }, counting()
  for _, cell in ipairs(div.content) do cells:insert(number(cell, next_number, sources)) end
  local list = pandoc.Blocks({ S.block("// paper"), S.block("#paper.abstract[") })
  for _, cell in ipairs(cells) do
    for _, block in ipairs(makers[cell.attributes.kind](cell, read, sources, state)) do
      if not state.opened and block.t == "Header" then
        list:insert(S.block("]"))
        state.opened = true
      end
      local last = list[#list]
      if block.t == "BulletList" and last.t == "BulletList" then last.content:extend(block.content)
      else list:insert(block) end
    end
  end
  S.lesson = { name = "paper" }
  if not state.opened then S.problem("has no heading") end
  for _, asked in ipairs(S.asked_numbers()) do
    if not state.answered[asked] then S.problem("question %s has no answer here; write {answer %s} into paper.md", asked, asked) end
  end
  return list
end

return M
