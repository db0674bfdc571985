-- Questions, answers, derivations, checks, common mistakes, wrong guesses and notes: blocks that begin so.

local S = require("state")
local stringify = pandoc.utils.stringify

local M = {}
M.signs = { question = "?", answer = "→", derivation = "∂", check = "✓", mistake = "≠", guess = "!", note = "i" }

-- Titles of several words, as far as they name the kind
local phrases = { ["^Common mistake"] = "mistake", ["^A good guess is wrong here"] = "guess" }

local function kind_of(title)
  for phrase, kind in pairs(phrases) do
    if title:match(phrase) then return kind end
  end
  return pandoc.text.lower(title:match("^%a*"))
end

local function blank(piece) return piece and (piece.t == "Space" or piece.t == "SoftBreak") end

-- Places to link to at the start of a block, which JupyterLab needs and a call-out brings along
local function without_places(inlines)
  local rest = pandoc.Inlines(inlines)
  while rest[1] and (blank(rest[1]) or rest[1].t == "Span" and #rest[1].content == 0) do rest:remove(1) end
  return rest
end

-- "**Question 1.1.** Text" -> kind, title, the blocks without the title
local function split_title(blocks)
  local first = blocks[1]
  local content = first and (first.t == "Para" or first.t == "Plain") and without_places(first.content)
  local strong = content and content[1]
  if not strong or strong.t ~= "Strong" then return end
  local title = stringify(strong)
  local kind = kind_of(title)
  if not M.signs[kind] then return nil, title end
  content:remove(1)
  while blank(content[1]) do content:remove(1) end
  local body = pandoc.Blocks(blocks)
  if #content > 0 then body[1] = pandoc.Para(content) else body:remove(1) end
  local last = strong.content[#strong.content]
  if last.t == "Str" then last.text = last.text:gsub("[%.:]$", "") end
  return kind, strong.content, body
end

-- What is asked: the first paragraph as far as its first question mark.
local function asked(blocks)
  local statement = pandoc.Inlines({})
  for _, piece in ipairs(blocks[1] and blocks[1].content or {}) do
    if not (piece.t == "Span" and piece.identifier ~= "") then statement:insert(piece) end
    if piece.t ~= "Math" and piece.t ~= "Code" and stringify(piece):match("%?[%)\"']*$") then break end
  end
  return statement
end

-- The div of a call-out; or nil and its bold words, if it has any
function M.make(blocks)
  local kind, title, body = split_title(blocks)
  if not kind then return nil, title end
  local ids, numbered = {}, kind == "question" or kind == "answer"
  for number in stringify(title):gmatch(numbered and "%d+%.%d+" or "$^") do
    local question = S.questions[number] or { lesson = S.lesson, asked = {}, answered = {} }
    S.questions[number] = question
    local places = kind == "question" and question.asked or question.answered
    local id = S.id_in(S.lesson.number, kind .. "-" .. number .. (#places > 0 and "-" .. #places + 1 or ""))
    table.insert(places, id)
    table.insert(ids, id)
    if kind == "question" then question.statement = question.statement or asked(body) end
    S.define(id, "callout")
  end
  if numbered and #ids == 0 then
    S.problem("**%s** needs a number, as in **%s 1.1.**", stringify(title), kind == "answer" and "Answer" or "Question")
  end
  local content = pandoc.Blocks({ pandoc.Div({ pandoc.Plain(title) }, { class = "title" }) })
  content:extend(body)
  return pandoc.Div(content, pandoc.Attr(ids[1] or "", { "callout", kind }, { ids = table.concat(ids, " ") }))
end

return M
