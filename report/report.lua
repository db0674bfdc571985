-- Numbers, links and checks all lessons together, and writes them as Typst or HTML.
-- A formula that cannot be typeset, a broken link or an unknown citation ends pandoc with a
-- message that names the lesson.

local typst = FORMAT == "typst"
local stringify = pandoc.utils.stringify
local signs = { question = "?", answer = "→", derivation = "∂", check = "✓", correction = "≠", note = "i" }
local columns = 91 -- characters of code in a line of the PDF

local lesson -- the one being read: {name =, number =}
local problems = {} -- messages, in order
local number_of = {} -- id -> "1.2"
local kind_of = {} -- id -> "figure", "table", "equation", "section", "lesson"
local questions = {} -- "1.1" -> {lesson =, statement =, asked = {id ...}, answered = {id ...}}

local function problem(format, ...)
  problems[#problems + 1] = "lesson " .. lesson.name .. ": " .. format:format(...)
end

local function id_in(number, name) return ("%02d-%s"):format(number, name) end

local function define(id, kind, number)
  if kind_of[id] then problem("the name %s is used twice", id) end
  kind_of[id], number_of[id] = kind, number
end

local function quoted(text) return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("%s+", " ") .. '"' end
local function block(text) return pandoc.RawBlock("typst", text) end
local function inline(text) return pandoc.RawInline("typst", text) end

-- {open, content, close} as one list
local function wrapped(open, content, close)
  local list = pandoc.List({ open })
  list:extend(content)
  list:insert(close)
  return list
end

------------------------------------------------------------------------ first pass: numbers

-- The anchor JupyterLab gives a heading, without its punctuation.
local function anchor(text)
  return (text:gsub("%%20", "-"):gsub("%s", "-"):gsub("[^%w_%-\128-\255]", ""))
end

-- "**Question 1.1.** Text" -> kind, title, the blocks without the title
local function split_title(blocks)
  local first = blocks[1]
  local strong = first and first.content and first.content[1]
  if not strong or strong.t ~= "Strong" then return end
  local title = stringify(strong)
  local kind = pandoc.text.lower(title:match("^%a*"))
  if not signs[kind] then return nil, title end
  local rest = pandoc.Inlines(first.content)
  rest:remove(1)
  while rest[1] and (rest[1].t == "Space" or rest[1].t == "SoftBreak") do rest:remove(1) end
  local body = pandoc.Blocks(blocks)
  if #rest > 0 then body[1] = pandoc.Para(rest) else body:remove(1) end
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

local function callout(blocks)
  local kind, title, body = split_title(blocks)
  if not kind then return nil, title end
  local ids = {}
  for number in stringify(title):gmatch("%d+%.%d+") do
    if kind == "question" or kind == "answer" then
      local question = questions[number] or { lesson = lesson, asked = {}, answered = {} }
      questions[number] = question
      local places = kind == "question" and question.asked or question.answered
      local id = id_in(lesson.number, kind .. "-" .. number .. (#places > 0 and "-" .. #places + 1 or ""))
      table.insert(places, id)
      table.insert(ids, id)
      if kind == "question" then question.statement = question.statement or asked(body) end
      define(id, "callout")
    end
  end
  if #ids == 0 and (kind == "question" or kind == "answer") then
    problem("**%s** needs a number, as in **%s 1.1.**", stringify(title), kind == "answer" and "Answer" or "Question")
  end
  local content = pandoc.Blocks({ pandoc.Div({ pandoc.Plain(title) }, { class = "title" }) })
  content:extend(body)
  return pandoc.Div(content, pandoc.Attr(ids[1] or "", { "callout", kind }, { ids = table.concat(ids, " ") }))
end

local function number_lesson(div)
  lesson = { name = div.attributes.name, number = tonumber(div.attributes.number) }
  local count = { section = 0, figure = 0, table = 0, equation = 0 }
  local function next_number(kind)
    count[kind] = count[kind] + 1
    return lesson.number .. "." .. count[kind]
  end
  local titled = false
  local function labelled(kind, name)
    -- figures and tables have names of their own in the whole book
    local id = kind == "equation" and id_in(lesson.number, name) or name
    define(id, kind, next_number(kind))
    return id
  end
  return div:walk({
    traverse = "topdown",
    Header = function(header)
      if header.level == 1 then
        if titled then problem("has two headings of the first level") end
        titled = true
        header.identifier = lesson.name
        header.attributes.number = tostring(lesson.number)
        define(lesson.name, "lesson", tostring(lesson.number))
        return header
      end
      local id = id_in(lesson.number, anchor(stringify(header)))
      while kind_of[id] do id = id .. "-1" end
      header.identifier = id
      if header.level == 2 then header.attributes.number = next_number("section") end
      define(id, "section", header.attributes.number)
      return header
    end,
    Span = function(span)
      if span.identifier:match("^eq%-") then
        span.identifier = labelled("equation", span.identifier)
        return span
      end
    end,
    Div = function(child)
      if child.classes[1] == "picture" and child.attributes.name:match("^fig%-") then
        child.identifier = labelled("figure", child.attributes.name)
      elseif child.classes[1] == "table" and child.attributes.name ~= "" then
        child.identifier = labelled("table", child.attributes.name)
      elseif child.classes[1] == "answer" or child.classes[1] == "derivation" then
        local made = callout(child.content)
        if made then return made end
        problem("a cell tagged %s must begin with **%s**", child.classes[1],
          child.classes[1] == "answer" and "Answer 1.1." or "Derivation: title.")
      end
      return child
    end,
    BlockQuote = function(quote)
      local made, title = callout(quote.content)
      if title then problem("a quotation begins with **%s**, which is no kind of call-out", title) end
      return made
    end,
  })
end

------------------------------------------------------------------------ wording

-- The id that "#name", "03_lesson.ipynb" or "03_lesson.ipynb#name" leads to, if it exists.
local function place_of(target)
  local file, name = target:match("^([%w_%-%./]+)%.ipynb#?(.*)$")
  if not file and target:sub(1, 1) ~= "#" then return end
  name = name or target:sub(2)
  local other = file and file:match("[^/]+$") or lesson.name
  local id = name == "" and other or id_in(tonumber(other:match("^%d%d")) or 0, anchor(name))
  return kind_of[id] and id or name
end

local references = { figure = true, table = true, equation = true, section = true, lesson = true }

-- A sign before a number is a minus. Returns nothing for other text.
local function with_minus(text)
  local open, number = text:match("^([%(%[]*)%-(%.?%d.*)")
  return number and open .. "−" .. number
end

-- "the [table](#tbl-x)" will be "table 4.4", "The [table](#tbl-x)" at the start of a sentence "Table 4.4".
local function without_article(list, reference)
  local space, before = list[#list], list[#list - 1]
  local word = stringify(reference)
  if not (references[word] and number_of[place_of(reference.target)] and before and before.t == "Str" and (space.t == "Space" or space.t == "SoftBreak")) then return end
  local open, t = before.text:match("^(%p*)([Tt])he$")
  if not t then return end
  list:remove()
  list:remove()
  if open ~= "" then list:insert(pandoc.Str(open)) end
  if t == "T" then reference.content = { pandoc.Str(word:sub(1, 1):upper() .. word:sub(2)) } end
end

-- Small things that Markdown cannot say, in the text of a paragraph, a caption or a cell of a table.
local function wording(inlines)
  local list = pandoc.Inlines({})
  for _, piece in ipairs(inlines) do
    local space, before = list[#list], list[#list - 1]
    local spaced = before and (space.t == "Space" or space.t == "SoftBreak")
    if piece.t == "Link" then
      without_article(list, piece)
    elseif piece.t == "Str" then
      if piece.text:find("%]%[") or piece.text:find("%]%(") then
        problem("%s is meant as a link, but leads nowhere", piece.text)
      end
      piece.text = with_minus(piece.text) or piece.text
      local number = spaced and before.t == "Str" and before.text:match("%d$") or spaced and before.t == "Math"
      if number and piece.text:match("^%%") then
        list[#list] = pandoc.Str("\u{a0}")
      elseif spaced and before.t == "Str" and before.text:lower():match("%f[%a]lesson$") and piece.text:match("^0%d") then
        list[#list] = pandoc.Str("\u{a0}")
        piece.text = piece.text:sub(2)
      end
    end
    list:insert(piece)
  end
  return list
end

-- What would be missing in print without a word: HTML and pictures in the text of a lesson.
local function check_prose(blocks)
  local function raw(element)
    local tag = element.text:match("^<%a[^>]*>")
    if tag then problem("%s in the text is HTML, which is not printed; write Markdown", tag) end
  end
  blocks:walk({
    traverse = "topdown",
    Div = function(div) if div.classes[1] == "table" then return div, false end end,
    RawInline = raw,
    RawBlock = raw,
    Image = function(image) problem("the picture %s in the text; show it with figures.show", image.src) end,
  })
end

------------------------------------------------------------------------ formulas

-- What pandoc drops or sets badly, and what to write instead.
local unsupported = {
  { "\\tag", 'a <span id="eq-name"></span> before the formula' },
  { "\\label", 'a <span id="eq-name"></span> before the formula' },
  { "\\newcommand", "the formula in full" }, { "\\boxed", "a call-out" }, { "\\substack", "one condition" },
  { "\\big", "\\left" }, { "\\Big", "\\left" }, { "\\bigg", "\\left" }, { "\\Bigg", "\\left" },
  { "\\bigl", "\\left" }, { "\\Bigl", "\\left" }, { "\\biggl", "\\left" }, { "\\Biggl", "\\left" },
  { "\\;", "\\," }, { "\\!", "nothing" }, { "{,}", "\\," }, { "\\|", "\\lVert and \\rVert" },
  { "\\left.", "words" }, { "\\right.", "words" }, { "\\operatorname*", "\\operatorname" },
  { "{smallmatrix}", "pmatrix" }, { "{array}", "pmatrix or aligned" },
  { "{align}", "aligned" }, { "{align*}", "aligned" }, { "{equation}", "$$" },
}

local function has_command(tex, command)
  local from, to = tex:find(command, 1, true)
  while from do -- \\big is not in \\bigoplus, but may stand behind it
    if not (command:match("%a$") and tex:sub(to + 1, to + 1):match("%a")) then return true end
    from, to = tex:find(command, to + 1, true)
  end
end

local function check_formula(tex)
  for _, pair in ipairs(unsupported) do
    if has_command(tex, pair[1]) then
      problem("formula %s\n  %s cannot be typeset; write %s", tex, pair[1], pair[2])
    end
  end
end

local typeset = {} -- formulas by their text, as many occur often
local function typst_formula(math)
  local key = math.mathtype .. math.text
  if typeset[key] then return typeset[key] end
  local document = pandoc.Pandoc({ pandoc.Plain({ math }) })
  local text = pandoc.write(document, "typst", { wrap_text = "wrap-none" }):gsub("%s+$", "")
  if text:sub(1, 1) ~= "$" then problem("formula %s\n  cannot be typeset", math.text) end
  -- names that Typst has given up
  text = text:gsub("(%a)%.circle%f[%W]", "%1.o"):gsub("%f[%w]sect%f[%W]", "inter")
  text = text:gsub("\\| (.-) \\|", "lr(|%1|)") -- bars as brackets, not as relations
  text = text:gsub('upright%(" *(.-) *"%)', 'upright("%1")') -- Typst keeps the spaces around words
  for name in math.text:gmatch("\\operatorname{([%a ]+)}") do
    text = text:gsub('"' .. name .. '"', 'op("' .. name .. '")')
  end
  typeset[key] = text
  return text
end

local function formula(math, id)
  check_formula(math.text)
  local number = number_of[id]
  if typst then
    local text, alt = typst_formula(math), quoted(math.text)
    if number then return inline(("#numbered(%s, %s, label(%s), %s);"):format(quoted(number), alt, quoted(id), text)) end
    return inline(("#formula(%s, %s);"):format(alt, text))
  end
  if not number then -- a long one within a line can be scrolled on a phone
    return #math.text > 24 and math.mathtype == "InlineMath" and pandoc.Span({ math }, { class = "long" }) or math
  end
  return pandoc.Span({ math, pandoc.Span("(" .. number .. ")", { class = "number" }) }, { id = id, class = "equation" })
end

-- Every formula; one that follows a <span id="eq-name"></span> is numbered.
local function formulas(inlines)
  local list, id = pandoc.Inlines({}), nil
  for _, piece in ipairs(inlines) do
    if piece.t == "Span" and kind_of[piece.identifier] == "equation" and #piece.content == 0 then
      id = piece.identifier
    elseif piece.t == "Math" then
      list:insert(formula(piece, id))
      id = nil
    elseif not id or (piece.t ~= "SoftBreak" and piece.t ~= "Space") then
      list:insert(piece)
    end
  end
  if id then problem("%s stands before no formula", id) end
  return list
end

------------------------------------------------------------------------ links and citations

local function link_to(id, content)
  if not typst then return pandoc.Link(content, "#" .. id) end
  return wrapped(inline("#link(label(" .. quoted(id) .. "))["), content, inline("];"))
end

-- Whether a target of a link, seen from the folder of the lessons, is in the project.
local function is_file(target)
  local path = target:gsub("#.*", ""):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  local file = io.open(pandoc.path.directory(PANDOC_SCRIPT_FILE) .. "/../notebooks/" .. path)
  return file and file:close()
end

local function link(element)
  local target, text = element.target, stringify(element)
  local id = place_of(target)
  if not id then
    if target:match("^%a+:") then return nil end
    if not is_file(target) then problem("link [%s](%s) leads nowhere", text, target) end
    return element.content -- a file of the project: not to be found from the report
  end
  local kind, number = kind_of[id], number_of[id]
  if not kind then
    problem("link [%s](%s) leads nowhere", text, target)
    return element.content
  end
  if kind == "callout" or not number then return link_to(id, element.content) end
  if kind == "equation" then number = "(" .. number .. ")" end
  if text:lower():match("^%a+") == kind and text:match("^%a+%s*%d*$") then -- [figure](#fig-name), [lesson 03](03_...)
    return link_to(id, { pandoc.Str(text:match("^%a+") .. "\u{a0}" .. number) })
  end
  if kind == "lesson" and text:lower():find("lesson") then return link_to(id, element.content) end
  local content = pandoc.Inlines(element.content)
  content:extend({ pandoc.Space(), pandoc.Str("(" .. kind .. "\u{a0}" .. number .. ")") })
  return link_to(id, content)
end

local known_keys = {}
local function citation(cite)
  for _, one in ipairs(cite.citations) do
    if not known_keys[one.id] then problem("citation @%s is not in references.bib", one.id) end
  end
end

------------------------------------------------------------------------ code, tables, pictures, call-outs

-- Lines longer than the page is wide go on after a mark.
local function wrap(text)
  local length, sub = pandoc.text.len, pandoc.text.sub
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\n") do
    local indent = line:match("^ *") .. "  "
    while length(line) > columns do
      local cut = columns
      for at = columns, columns // 2, -1 do
        if sub(line, at, at) == " " then cut = at; break end
      end
      table.insert(lines, (sub(line, 1, cut):gsub(" $", "")))
      line = indent .. "↪ " .. sub(line, cut + 1):gsub("^ +", "")
    end
    table.insert(lines, line)
  end
  return table.concat(lines, "\n")
end

-- Code stays on one page with what it prints, and short code with a table that it shows.
local function keep_together(blocks)
  for i = 1, #blocks - 1 do
    local this, following = blocks[i].classes and blocks[i].classes[1], blocks[i + 1].classes and blocks[i + 1].classes[1]
    if (this == "code" or this == "output") and following == "output" or this == "code" and following == "table" then
      blocks[i].attributes.keep = "true"
    end
  end
  return blocks
end

local function displayed(piece) return piece.t == "Math" and piece.mathtype == "DisplayMath" end

-- No page ends between a formula and the words that lead to it, nor after a heading and a line.
local function lead_in(blocks)
  local list = pandoc.Blocks({})
  for i, this in ipairs(blocks) do
    local before, after = blocks[i - 1], blocks[i + 1]
    local leads = after and after.t == "Para" and after.content:find_if(displayed) and not stringify(this):match("[%.%?]$")
    local short = before and before.t == "Header" and #stringify(this) < columns
    if typst and this.t == "Para" and (leads or short) and not this.content:find_if(displayed) then
      list:extend({ block("#lead-in["), this, block("]") })
    else
      list:insert(this)
    end
  end
  return list
end

local function code(div)
  if not typst then
    div.attributes.keep = nil
    return div
  end
  local content = div.content:walk({ CodeBlock = function(b) b.text = wrap(b.text); return b end })
  local _, lines = content[1].text:gsub("\n", "")
  local open = ("#%s(%d, keep: %s)["):format(div.classes[1], lines + 1, div.attributes.keep or "false")
  return wrapped(block(open), content, block("]"))
end

local function bold_head(t)
  for _, row in ipairs(t.head.rows) do
    for _, cell in ipairs(row.cells) do
      if cell.col_span > 1 then cell.alignment = "AlignCenter" end
      cell.contents = cell.contents:walk({
        Plain = function(plain) if #plain.content > 0 then return pandoc.Plain({ pandoc.Strong(plain.content) }) end end,
      })
    end
  end
  for i, spec in ipairs(t.colspecs) do -- the columns share the width as their contents need
    t.colspecs[i] = { spec[1] == "AlignDefault" and "AlignLeft" or spec[1], nil }
  end
  return t
end

-- Only a table of more than about 90 mm goes on on the next page.
local function whole_if_short(t, blocks)
  local lines = 0
  for _, body in ipairs(t.bodies) do
    for _, row in ipairs(body.body) do
      local length = 0
      for _, cell in ipairs(row.cells) do length = length + pandoc.text.len(stringify(cell.contents)) end
      lines = lines + 1 + length // columns
    end
  end
  return lines > 15 and blocks or wrapped(block("#whole["), blocks, block("]"))
end

local function markdown_table(t)
  bold_head(t)
  return typst and whole_if_short(t, { t }) or pandoc.Div({ t }, { class = "wide" })
end

local function is_number(text)
  return text == "" or text == "NaN" or text:match("^[%+%-−]?[%d,]*%.?%d+[eE]?[%+%-]?%d*%s?[%%×]?$") ~= nil
end

-- A DataFrame: numbers to the right, words to the left, one header row where two would do.
local function tidy(t)
  local rows = t.head.rows
  if #rows >= 2 then -- pandas gives the index a header row of its own
    local upper, lower = rows[#rows - 1].cells, rows[#rows].cells
    local apart = #upper == #lower
    for i = 1, #upper do
      apart = apart and (stringify(upper[i].contents) == "" or stringify(lower[i].contents) == "")
    end
    if apart then
      for i = 1, #upper do
        if stringify(upper[i].contents) == "" then upper[i] = lower[i] end
      end
      rows:remove(#rows)
      t.head.rows = rows
    end
  end
  local longest = 0
  for i = 1, #t.colspecs do
    local numeric = true
    for _, body in ipairs(t.bodies) do
      for _, row in ipairs(body.body) do
        local cell = row.cells[i]
        if cell and #row.cells == #t.colspecs then
          local text = stringify(cell.contents)
          numeric = numeric and is_number(text)
          longest = math.max(longest, pandoc.text.len(text))
        end
      end
    end
    t.colspecs[i] = { numeric and "AlignRight" or "AlignLeft", nil }
  end
  return longest, t
end

local function caption(div, word)
  local last = div.content[#div.content]
  local content = last and last.content and pandoc.Inlines(last.content) or pandoc.Inlines({})
  local number = number_of[div.identifier]
  if not typst and number then
    content:insert(1, pandoc.Strong(word .. " " .. number .. "."))
    content:insert(2, pandoc.Space())
  end
  return content
end

local function data_table(div)
  local t
  div.content:walk({ RawBlock = function(raw)
    pandoc.read(raw.text, "html").blocks:walk({ Table = function(found) t = t or found end })
  end })
  if not t then problem("an HTML output that is not a table"); return {} end
  local longest
  longest, t = tidy(bold_head(t:walk({ Inlines = wording })))
  t.attr = pandoc.Attr()
  local number = number_of[div.identifier]
  if typst then
    local shrink = longest <= 40 -- a column of words wraps, a table of numbers is made smaller
    local open = ("#data-table(%s, ["):format(number and quoted(number) or "none")
    local close = ("], shrink: %s)"):format(shrink) .. (number and ("#label(" .. quoted(div.identifier) .. ")") or "")
    return whole_if_short(t, { block(open), pandoc.Plain(caption(div)), block("], ["), t, block(close) })
  end
  t.caption = { long = number and { pandoc.Plain(caption(div, "Table")) } or {} }
  return pandoc.Div({ t }, { id = div.identifier, class = "wide" })
end

local function picture(div)
  local file, alt = div.attributes.file, div.attributes.alt
  local number = number_of[div.identifier]
  if typst then
    if not number then return {} end -- an animation: paper has the figures
    local open = ("#picture(%s, label(%s), %s, %s)["):format(quoted(number), quoted(div.identifier), quoted(file), quoted(alt))
    return { block(open), pandoc.Plain(caption(div)), block("]") }
  end
  local attributes = pandoc.Attr("", {}, { { "alt", alt }, { "loading", "lazy" } }) -- in this order
  local image = pandoc.Div({ pandoc.Plain({ pandoc.Image({}, file, "", attributes) }) }, { class = "wide" })
  local figure = pandoc.Figure({ image }, { long = { pandoc.Plain(caption(div, "Figure")) } })
  return pandoc.Div({ figure }, { id = div.identifier }) -- pandoc finds the page of a div, not of a figure
end

local function callout_block(div)
  local kind = div.classes[2]
  if not typst then
    div.attributes.ids = nil
    div.content[1].content[1].content:insert(1, pandoc.Span(signs[kind], { class = "sign", ["aria-hidden"] = "true" }))
    return div
  end
  local places = {}
  for id in div.attributes.ids:gmatch("%S+") do places[#places + 1] = "label(" .. quoted(id) .. ")" end
  local list = pandoc.Blocks({ block(("#callout(%s, %s, (%s), ["):format(quoted(kind), quoted(signs[kind]), table.concat(places, ", ") .. (#places == 1 and "," or ""))) })
  list:extend(div.content[1].content)
  list:insert(block("])["))
  for i = 2, #div.content do list:insert(div.content[i]) end
  list:insert(block("]"))
  return list
end

local divs = {
  code = code, output = code, picture = picture, table = data_table, callout = callout_block,
}

------------------------------------------------------------------------ the index of questions

local function places(ids)
  local list = pandoc.Inlines({})
  for _, id in ipairs(ids) do
    if #list > 0 then list:extend({ pandoc.Str(","), pandoc.Space() }) end
    local text = "lesson " .. tonumber(id:sub(1, 2))
    if typst then list:insert(inline("#page-of(label(" .. quoted(id) .. "));"))
    else list:insert(pandoc.Link(text, "#" .. id)) end
  end
  return list
end

-- "**Questions answered here:** 1.1, 1.2." with links to the answers
local function answered_here(para)
  if not stringify(para):match("^Questions answered here") then return end
  return para:walk({ Str = function(s)
    local question = questions[s.text:match("^%d+%.%d+")]
    local id = question and (question.answered[1] or question.asked[1])
    return id and link_to(id, { s })
  end })
end

local function asked_numbers()
  local numbers = {}
  for number in pairs(questions) do numbers[#numbers + 1] = number end
  table.sort(numbers, function(a, b)
    local a1, a2 = a:match("(%d+)%.(%d+)")
    local b1, b2 = b:match("(%d+)%.(%d+)")
    if a1 ~= b1 then return tonumber(a1) < tonumber(b1) end
    return tonumber(a2) < tonumber(b2)
  end)
  return numbers
end

local function index()
  if not next(questions) then return {} end
  local rows = pandoc.List({})
  for _, number in ipairs(asked_numbers()) do
    local question = questions[number]
    rows:insert({ { pandoc.Plain(number) }, { pandoc.Plain(question.statement or {}) },
      { pandoc.Plain(places(question.asked)) }, { pandoc.Plain(places(question.answered)) } })
  end
  local unit = typst and "page" or "in"
  local head = { {}, { pandoc.Plain("Question") }, { pandoc.Plain("Asked, " .. unit) }, { pandoc.Plain("Answered, " .. unit) } }
  local left, right = "AlignLeft", typst and "AlignRight" or "AlignLeft"
  local simple = pandoc.SimpleTable({}, { left, left, right, right }, { 0, 0, 0, 0 }, head, rows)
  return { pandoc.Header(1, "Index of questions", { id = "questions", class = "unnumbered" }),
    pandoc.utils.from_simple_table(simple) }
end

------------------------------------------------------------------------ the book

local function finish(blocks)
  check_prose(blocks)
  return blocks
    :walk({ Inlines = wording })
    :walk({ Blocks = lead_in })
    :walk({ Inlines = formulas, Link = link, Cite = citation })
    :walk({ Table = markdown_table, Blocks = keep_together, Para = answered_here })
    :walk({ Div = function(div) local made = divs[div.classes[1]]; if made then return made(div) end end })
end

-- A summary is kept together, so that no chapter ends in a few lost lines.
local function with_ending(blocks)
  local at
  for i, this in ipairs(blocks) do
    if this.t == "Header" and this.level == 2 then at = stringify(this):match("Summary$") and i end
  end
  if not (typst and at) then return blocks end
  blocks:insert(at, block("#ending["))
  blocks:insert(block("]"))
  return blocks
end

local function heading(header)
  local number = header.attributes.number
  if typst then
    if header.level == 1 and number then
      return { block("// lesson " .. header.identifier), block("#chapter(" .. number .. ")"), header }
    end
  elseif number then
    header.attributes.number = nil
    local text = header.level == 1 and "Lesson " .. number or number
    header.content:insert(1, pandoc.Span(text, { class = "number" }))
    header.content:insert(2, pandoc.Space())
    return header
  end
end

function Pandoc(document)
  local file = io.open(stringify(document.meta.bibliography))
  for _, entry in ipairs(pandoc.read(file:read("a"), "bibtex").meta.references) do
    known_keys[stringify(entry.id)] = true
  end
  file:close()
  local lessons, blocks, preface = pandoc.List({}), pandoc.Blocks({}), nil
  for _, div in ipairs(document.blocks) do
    if div.classes[1] == "preface" then preface = div else lessons:insert(number_lesson(div)) end
  end
  for _, number in ipairs(asked_numbers()) do
    local question = questions[number]
    lesson = question.lesson
    if #question.asked == 0 then problem("answer %s is to no question", number) end
    if #question.answered == 0 then problem("question %s has no answer", number) end
  end
  if next(questions) then kind_of.questions = "index" end
  if preface then
    lesson = { name = "preface", number = 0 }
    blocks:insert(pandoc.Header(1, "About this report", { id = "preface", class = "unnumbered" }))
    blocks:extend(finish(preface.content))
  end
  for _, div in ipairs(lessons) do
    lesson = { name = div.attributes.name, number = tonumber(div.attributes.number) }
    blocks:extend(with_ending(finish(div.content)))
  end
  lesson = { name = "index of questions", number = 0 }
  blocks:extend(finish(pandoc.Blocks(index())))
  blocks:extend({ pandoc.Header(1, "References", { id = "references", class = "unnumbered" }) })
  blocks:insert(pandoc.Div({}, { id = "refs" })) -- filled by citeproc
  document.meta.nocite = pandoc.Inlines(pandoc.Cite({}, { pandoc.Citation("*", "NormalCitation") }))
  if #problems > 0 then
    io.stderr:write(table.concat(problems, "\n") .. "\n")
    os.exit(1)
  end
  return pandoc.Pandoc(blocks:walk({ Header = heading }), document.meta)
end
