-- The text of a paragraph, a caption or a cell of a table, as print wants it: formulas for their marks,
-- places to link to, and small things that Markdown cannot say.

local M = {}

local function blank(piece)
  return piece and (piece.t == "Space" or piece.t == "SoftBreak" or piece.t == "LineBreak")
end

-- The text with its formulas as the author wrote them
function M.source(text, formulas)
  return (text:gsub("@@(%d+)@@", function(n) return formulas[n + 1].source end))
end

-- A sign before a number is a minus.
local function with_minus(text)
  local open, number = text:match("^([%(%[]*)%-(%.?%d.*)")
  return number and open .. "−" .. number or text
end

-- Typewriter quotes as printers have them
local function with_quotes(text, starts)
  text = text:gsub("(%w)'(%w)", "%1’%2")
  if starts then text = text:gsub("^([%(%[]*)\"", "%1“"):gsub("^([%(%[]*)'", "%1‘") end
  return (text:gsub("([%(%[])\"", "%1“"):gsub('"', "”"):gsub("'", "’"))
end

-- Keeps a number and its %, and the word lesson and its number, on one line.
local function join(list, text)
  local space, before = list[#list], list[#list - 1]
  if not (blank(space) and before) then return text end
  local percent = text:sub(1, 1) == "%" and (before.t == "Math" or before.t == "Span" or before.t == "Str" and before.text:match("%d$"))
  local lesson = text:match("^0%d") and before.t == "Str" and before.text:lower():match("%f[%a]lesson$")
  if percent or lesson then list[#list] = pandoc.Str("\u{a0}") end
  return lesson and text:sub(2) or text
end

-- The words of a table of data
function M.of_data(inlines)
  local list = pandoc.Inlines({})
  for _, piece in ipairs(inlines) do
    if piece.t == "Str" then piece.text = join(list, with_minus(piece.text)) end
    list:insert(piece)
  end
  return list
end

local function add_word(list, text, problem)
  if text:find("](", 1, true) or text:find("][", 1, true) then
    problem(text .. " is meant as a link, but leads nowhere")
  end
  if text:find("%[@%w+%]") then
    problem(text .. " is not a link in JupyterLab; write [Author year](address), with the address that references.bib gives")
  end
  local starts = #list == 0 or blank(list[#list])
  text = with_minus(text)
  if text:find("[\"']") then text = with_quotes(text, starts) end
  list:insert(pandoc.Str(join(list, text)))
end

-- "the [table](#tbl-x)" will be "table 4.4", "The [table](#tbl-x)" at the start of a sentence "Table 4.4".
local function take_article(list, link)
  local space, before = list[#list], list[#list - 1]
  if link.target:sub(1, 1) ~= "#" or not (blank(space) and before and before.t == "Str") then return end
  local open, article = before.text:match("^(%p*)([Tt]he)$")
  if not article then return end
  list:remove()
  list:remove()
  if open ~= "" then list:insert(pandoc.Str(open)) end
  link.attributes.article = article
end

-- Marks for formulas. One that follows a <span id="eq-name"></span> gets its id.
local function add_formulas(list, word, formulas, state, problem)
  local from = 1
  for start, n, after in word:gmatch("()@@(%d+)@@()") do
    if start > from then add_word(list, word:sub(from, start - 1), problem) end
    from = after
    local one = formulas[n + 1]
    if one.tex then
      local math = pandoc.Math(one.display and "DisplayMath" or "InlineMath", one.tex)
      if state.equation or one.tag then
        list:insert(pandoc.Span({ math }, { id = state.equation or "", class = "equation", said = one.tag or "" }))
      else
        list:insert(math)
      end
      state.equation = nil
    else
      list:insert(pandoc.Str(one.source))
    end
  end
  if from <= #word then add_word(list, word:sub(from), problem) end
end

-- <a id="name"></a> and <span id="name"></span> are places to link to; comments go; other HTML would be
-- missing in print without a word.
local function add_html(list, html, following, state, problem)
  local tag, id = html:match('^<(%a+) id="([^"]+)">$')
  if (tag == "a" or tag == "span") and following and following.t == "RawInline" and following.text == "</" .. tag .. ">" then
    if id:match("^eq%-") then
      if state.equation then problem(state.equation .. " stands before no formula") end
      state.equation = id
    else
      list:insert(pandoc.Span({}, { id = id }))
    end
    return true
  end
  if html:match("^<%a") then problem(html .. " in the text is HTML, which is not printed; write Markdown") end
end

-- Returns a function that completes the inlines of one cell. problem(text) is told what is wrong.
function M.completing(formulas, problem)
  return function(inlines)
    local list, state, skip = pandoc.Inlines({}), {}, false
    for i, piece in ipairs(inlines) do
      local t = piece.t
      if skip then
        skip = false
      elseif t == "Str" then
        local text = piece.text
        if not text:find("[%]%-\"'%%%d@]") then list:insert(piece) -- nothing to do for most words
        elseif text:find("@@", 1, true) then add_formulas(list, text, formulas, state, problem)
        else add_word(list, text, problem) end
      elseif t == "RawInline" then
        skip = add_html(list, piece.text, inlines[i + 1], state, problem)
      elseif not (blank(piece) and state.equation) then
        if t == "Code" then
          piece.text = M.source(piece.text, formulas)
        elseif t == "Link" then
          piece.target = M.source(piece.target, formulas)
          take_article(list, piece)
        elseif t == "Image" then
          problem("the picture " .. piece.src .. " in the text; show it with figures.show")
        end
        list:insert(piece)
      end
    end
    if state.equation then problem(state.equation .. " stands before no formula") end
    return list
  end
end

return M
