-- What all parts of the filter share: the place that is being read, the names and numbers of things,
-- and what is wrong.

local S = {
  typst = FORMAT == "typst",
  columns = 91, -- characters of code in a line of the PDF
  lesson = nil, -- the one being read: {name =, number =, cell =}
  problems = {}, -- messages, in order
  number_of = {}, -- id -> "1.2"
  kind_of = {}, -- id -> "figure", "table", "equation", "section", "lesson", "callout", "anchor", "index"
  lesson_of = {}, -- id -> name of the lesson that it is in
  section_of = {}, -- id -> id of the section or the lesson that it is in
  here = nil, -- the ids that the paper has; nil in the book
  cited = {}, -- keys of references
  questions = {}, -- "1.1" -> {lesson =, statement =, asked = {id ...}, answered = {id ...}}
}

function S.problem(format, ...)
  local paper = S.lesson.name == "paper"
  local cell = S.lesson.cell and (paper and ".md, line " or ", cell ") .. S.lesson.cell or ""
  S.problems[#S.problems + 1] = (paper and "" or "lesson ") .. S.lesson.name .. cell .. ": " .. format:format(...)
end

function S.id_in(number, name) return ("%02d-%s"):format(number, name) end

function S.define(id, kind, number)
  if S.kind_of[id] then S.problem("the name %s is used twice", id) end
  S.kind_of[id], S.number_of[id] = kind, number
  S.lesson_of[id], S.section_of[id] = S.lesson.name, S.lesson.section
end

-- The anchor JupyterLab gives a heading, without its punctuation; an apostrophe has become a quote.
function S.anchor(text)
  return (text:gsub("%%20", "-"):gsub("’", ""):gsub("%s", "-"):gsub("[^%w_%-\128-\255]", ""))
end

-- The numbers of the questions, in order
function S.asked_numbers()
  local numbers = {}
  for number in pairs(S.questions) do numbers[#numbers + 1] = number end
  table.sort(numbers, function(a, b)
    local a1, a2 = a:match("(%d+)%.(%d+)")
    local b1, b2 = b:match("(%d+)%.(%d+)")
    if a1 ~= b1 then return tonumber(a1) < tonumber(b1) end
    return tonumber(a2) < tonumber(b2)
  end)
  return numbers
end

-- Typst source
function S.quoted(text) return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("%s+", " ") .. '"' end
function S.label(id) return "label(" .. S.quoted(id) .. ")" end
function S.block(text) return pandoc.RawBlock("typst", text) end
function S.inline(text) return pandoc.RawInline("typst", text) end

-- {open, content, close} as one list
function S.wrapped(open, content, close)
  local list = pandoc.List({ open })
  list:extend(content)
  list:insert(close)
  return list
end

return S
