-- The first pass through a lesson: everything that is referred to gets its name and number.

local S = require("state")
local callouts = require("callouts")
local stringify = pandoc.utils.stringify
local M = {}

local function counter(number)
  local count = { section = 0, figure = 0, table = 0, equation = 0 }
  return function(kind)
    count[kind] = count[kind] + 1
    return number .. "." .. count[kind]
  end
end

-- A number that JupyterLab shows must be the one of the report.
local function agree(said, id)
  local number = S.number_of[id]
  if said and said ~= number then
    S.problem("%s has the number %s in JupyterLab and %s in the report; execute the lesson from top to bottom", id, said, number)
  end
end

local function labelled(kind, name, next_number, said)
  -- figures and tables have names of their own in the whole book
  local id = kind == "equation" and S.id_in(S.lesson.number, name) or name
  S.define(id, kind, next_number(kind))
  agree(said, id)
  return id
end

-- A place that an author named: <a id="name"></a>
local function place(span)
  local name = span.identifier
  if name:match("^question%-%d") or name:match("^answer%-%d") then
    S.lesson.places[S.id_in(S.lesson.number, name)] = S.lesson.cell
    return {}
  end
  span.identifier = S.id_in(S.lesson.number, name)
  S.define(span.identifier, "anchor")
  return span
end

local function only_places(para)
  for _, piece in ipairs(para.content) do
    if piece.t ~= "SoftBreak" and piece.t ~= "Space" and not (piece.t == "Span" and piece.identifier ~= "" and #piece.content == 0) then
      return false
    end
  end
  return #para.content > 0
end

-- A paragraph that only names a place is no paragraph.
local function without_paragraph(para)
  if not only_places(para) then return end
  local list = pandoc.Blocks({})
  for _, piece in ipairs(para.content) do
    if piece.t == "Span" then list:insert(pandoc.Plain({ piece })) end
  end
  return list
end

local function filter(next_number)
  local F = { traverse = "topdown", Para = without_paragraph }
  function F.Header(header)
    local lesson = S.lesson
    if header.level == 1 then
      if lesson.titled then S.problem("has two headings of the first level") end
      lesson.titled = true
      header.identifier = lesson.name
      header.attributes.number = tostring(lesson.number)
      lesson.section = lesson.name
      S.define(lesson.name, "lesson", tostring(lesson.number))
      return header
    end
    local id = S.id_in(lesson.number, S.anchor(stringify(header)))
    while S.kind_of[id] do id = id .. "-1" end
    header.identifier = id
    if header.level == 2 then header.attributes.number = next_number("section") end
    lesson.section = id
    S.define(id, "section", header.attributes.number)
    return header
  end
  function F.Span(span)
    if span.classes[1] == "equation" then
      local said = span.attributes.said
      if span.identifier ~= "" then
        span.identifier = labelled("equation", span.identifier, next_number, said ~= "" and said or nil)
      elseif said then
        S.problem("formula %s\n  has the number %s in JupyterLab; write <span id=\"eq-name\"></span> before it", span.content[1].text, said)
      end
      return span, false
    elseif #span.content == 0 and span.identifier ~= "" then
      return place(span)
    end
  end
  function F.Div(div)
    local kind, name = div.classes[1], div.attributes.name
    if kind == "picture" and name:match("^fig%-") then
      div.identifier = labelled("figure", name, next_number, div.attributes.said)
    elseif kind == "table" and name ~= "" then
      div.identifier = labelled("table", name, next_number, div.attributes.said)
    elseif kind == "answer" or kind == "derivation" then
      local made = callouts.make(div.content)
      if made then return made end
      S.problem("a cell tagged %s must begin with **%s**", kind, kind == "answer" and "Answer 1.1." or "Derivation: title.")
    end
    return div
  end
  function F.BlockQuote(quote)
    local made, title = callouts.make(quote.content)
    if title then S.problem("a quotation begins with **%s**, which is no kind of call-out", title) end
    return made
  end
  return F
end

-- The numbered cells of a lesson
function M.lesson(div)
  S.lesson = { name = div.attributes.name, number = tonumber(div.attributes.number), places = {} }
  local numbering = filter(counter(S.lesson.number))
  for _, cell in ipairs(div.content) do
    S.lesson.cell = cell.attributes.at
    cell.content = cell.content:walk(numbering)
  end
  for id, cell in pairs(S.lesson.places) do
    S.lesson.cell = cell
    if S.kind_of[id] ~= "callout" then S.problem("the place %s stands in no such call-out of this lesson", id:sub(4)) end
  end
  S.lesson.cell = nil
  return S.lesson
end

return M
