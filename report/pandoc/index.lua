-- The index of questions.

local S = require("state")
local stringify = pandoc.utils.stringify
local links = require("links")
local M = {}

local function places(ids)
  local list = pandoc.Inlines({})
  for _, id in ipairs(ids) do
    if #list > 0 then list:extend({ pandoc.Str(","), pandoc.Space() }) end
    local text = "lesson " .. tonumber(id:sub(1, 2))
    if S.typst then list:insert(S.inline("#layout.page-of(" .. S.label(id) .. ");"))
    else list:insert(pandoc.Link(text, "#" .. id)) end
  end
  return list
end

-- "**Questions answered here:** 1.1, 1.2." without links gets links to the answers.
function M.answered_here(para)
  if not stringify(para):match("^Questions answered here") then return end
  if para.content:find_if(function(piece) return piece.t == "Link" end) then return end
  return para:walk({ Str = function(s)
    local question = S.questions[s.text:match("^%d+%.%d+")]
    local id = question and (question.answered[1] or question.asked[1])
    return id and links.to(id, { s })
  end }), false
end

function M.blocks()
  if not next(S.questions) then return {} end
  local rows = pandoc.List({})
  for _, number in ipairs(S.asked_numbers()) do
    local question = S.questions[number]
    rows:insert({ { pandoc.Plain(number) }, { pandoc.Plain(question.statement or {}) },
      { pandoc.Plain(places(question.asked)) }, { pandoc.Plain(places(question.answered)) } })
  end
  local unit = S.typst and "page" or "in"
  local head = { {}, { pandoc.Plain("Question") }, { pandoc.Plain("Asked, " .. unit) }, { pandoc.Plain("Answered, " .. unit) } }
  local left, right = "AlignLeft", S.typst and "AlignRight" or "AlignLeft"
  local simple = pandoc.SimpleTable({}, { left, left, right, right }, { 0, 0, 0, 0 }, head, rows)
  return { pandoc.Header(1, "Index of questions", { id = "questions", class = "unnumbered" }),
    pandoc.utils.from_simple_table(simple) }
end

return M
