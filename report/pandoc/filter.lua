-- Numbers, links and checks all lessons together, and writes them as Typst or HTML.
-- A broken link or an unknown citation ends pandoc with a message that names lesson and cell.

package.path = pandoc.path.directory(PANDOC_SCRIPT_FILE) .. "/?.lua;" .. package.path
local S = require("state")
local stringify = pandoc.utils.stringify

local blocks = require("blocks")
local formulas = require("formulas")
local index = require("index")
local links = require("links")
local numbers = require("numbers")
local paper = require("paper")

-- The blocks of one cell, complete; what is wrong in it is told with its number.
local function read(cell)
  S.lesson.cell = cell.attributes.at
  local filter = {
    Link = links.Link, Math = formulas.Math, Span = formulas.Span,
    traverse = "topdown",
    Para = cell.attributes.at == "1" and index.answered_here or nil,
  }
  return cell.content:walk(filter)
end

local function finish(cells)
  local list = pandoc.Blocks({})
  for _, cell in ipairs(cells) do list:extend(read(cell)) end
  S.lesson.cell = nil
  return blocks.set(blocks.keep_together(list))
end

-- A summary at the end is kept together, and a last paragraph goes with the table before it, so that no
-- chapter ends in a few lost lines.
local function with_ending(blocks)
  if S.typst and #blocks > 0 and blocks[#blocks].t == "Para" then
    for i = #blocks - 1, math.max(1, #blocks - 8), -1 do
      if blocks[i].t == "RawBlock" and blocks[i].text == "#layout.whole[" then
        blocks:insert(i, S.block("#block(breakable: false)["))
        blocks:insert(S.block("]"))
        break
      end
    end
  end
  local at
  for i, this in ipairs(blocks) do
    if this.t == "Header" and this.level == 2 then at = stringify(this):match("Summary$") and i end
  end
  if not (S.typst and at) then return blocks end
  blocks:insert(at, S.block("#layout.ending["))
  blocks:insert(S.block("]"))
  return blocks
end

local function heading(header)
  local number = header.attributes.number
  if S.typst then
    if header.level == 1 and number then
      return { S.block("// lesson " .. header.identifier), S.block("#layout.chapter(" .. number .. ")"), header }
    end
  elseif number then
    header.attributes.number = nil
    local text = header.level == 1 and "Lesson " .. number or number
    header.content:insert(1, pandoc.Span(text, { class = "number" }))
    header.content:insert(2, pandoc.Space())
    return header
  end
end

local function check_questions()
  for _, number in ipairs(S.asked_numbers()) do
    local question = S.questions[number]
    S.lesson = question.lesson
    if #question.asked == 0 then S.problem("answer %s is to no question", number) end
    if #question.answered == 0 then S.problem("question %s has no answer", number) end
  end
  if next(S.questions) then S.kind_of.questions = "index" end
end

local function one_cell(content)
  return { pandoc.Div(content, { at = "1" }) }
end

-- Ends with what is wrong, or returns the whole with the references that it names.
local function completed(list, document, keys)
  list:extend({ pandoc.Header(1, "References", { id = "references", class = "unnumbered" }) })
  list:insert(pandoc.Div({}, { id = "refs" })) -- filled by citeproc
  local cited = pandoc.List({})
  for _, key in ipairs(keys) do cited:insert(pandoc.Citation(key, "NormalCitation")) end
  document.meta.nocite = pandoc.Inlines(pandoc.Cite({}, cited))
  if #S.problems > 0 then
    io.stderr:write(table.concat(S.problems, "\n") .. "\n")
    os.exit(1)
  end
  return pandoc.Pandoc(list:walk({ Header = heading }), document.meta)
end

function Pandoc(document)
  links.read_references(stringify(document.meta.bibliography))
  local lessons, book, preface, picked = pandoc.List({}), pandoc.Blocks({}), nil, nil
  for _, div in ipairs(document.blocks) do
    if div.classes[1] == "preface" then preface = div
    elseif div.classes[1] == "paper" then picked = div
    else lessons:insert({ about = numbers.lesson(div), div = div }) end
  end
  check_questions()
  if picked then
    local list = paper.blocks(picked, read)
    local keys = pandoc.List({})
    for key in pairs(S.cited) do keys:insert(key) end
    keys:sort()
    return completed(list, document, keys)
  end
  if preface then
    S.lesson = { name = "preface", number = 0 }
    book:insert(pandoc.Header(1, "About this report", { id = "preface", class = "unnumbered" }))
    book:extend(finish(preface.content))
  end
  for _, one in ipairs(lessons) do
    S.lesson = one.about
    book:extend(with_ending(finish(one.div.content)))
  end
  S.lesson = { name = "index of questions", number = 0 }
  book:extend(finish(one_cell(index.blocks())))
  return completed(book, document, { "*" })
end
