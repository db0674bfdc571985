-- Code, tables, pictures and call-outs.

local S = require("state")
local stringify = pandoc.utils.stringify
local callouts = require("callouts")
local formulas = require("formulas")
local M = {}

-- Lines longer than the page is wide go on after a mark.
local function wrap(text)
  local length, sub = pandoc.text.len, pandoc.text.sub
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\n") do
    local indent = line:match("^ *") .. "  "
    while length(line) > S.columns do
      local cut = S.columns
      for at = S.columns, S.columns // 2, -1 do
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
function M.keep_together(blocks)
  for i = 1, #blocks - 1 do
    local this, following = blocks[i].classes and blocks[i].classes[1], blocks[i + 1].classes and blocks[i + 1].classes[1]
    if (this == "code" or this == "output") and following == "output" or this == "code" and following == "table" then
      blocks[i].attributes.keep = "true"
    end
  end
  return blocks
end

-- No page ends between a formula and the words that lead to it, nor after a heading and a line.
local function leads_in(before, this, after)
  if not S.typst or this.t ~= "Para" then return false end
  local leads = after and after.t == "Para" and after.content:find_if(formulas.displayed) and not stringify(this):match("[%.%?]$")
  local short = before and before.t == "Header" and #stringify(this) < S.columns
  return (leads or short) and not this.content:find_if(formulas.displayed)
end

local function code(div)
  if not S.typst then
    div.attributes.keep = nil
    return div
  end
  local content = div.content:walk({ CodeBlock = function(b) b.text = wrap(b.text); return b end })
  local _, lines = content[1].text:gsub("\n", "")
  local open = ("#layout.%s(%d, keep: %s)["):format(div.classes[1], lines + 1, div.attributes.keep or "false")
  return S.wrapped(S.block(open), content, S.block("]"))
end

-- Code that only draws is folded on the page, and left out on paper.
local function folded(div)
  if S.typst then return {} end
  div.classes = { "code" }
  return {
    pandoc.RawBlock("html", '<details class="source"><summary>Code of what follows</summary>'),
    div, pandoc.RawBlock("html", "</details>"),
  }
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
      lines = lines + 1 + length // S.columns
    end
  end
  return lines > 15 and blocks or S.wrapped(S.block("#layout.whole["), blocks, S.block("]"))
end

local function markdown_table(t)
  bold_head(t)
  return S.typst and whole_if_short(t, { t }) or { pandoc.Div({ t }, { class = "wide" }) }
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
  local number = S.number_of[div.identifier]
  if not S.typst and number then
    content:insert(1, pandoc.Strong(word .. " " .. number .. "."))
    content:insert(2, pandoc.Space())
  end
  return content
end

-- One table of a div, in print with its number and caption
local function one_table(t, div, number)
  local longest
  longest, t = tidy(bold_head(t))
  t.attr = pandoc.Attr()
  if not S.typst then
    t.caption = { long = number and { pandoc.Plain(caption(div, "Table")) } or {} }
    return { t }
  end
  local shrink = longest <= 40 -- a column of words wraps, a table of numbers is made smaller
  local open = ("#layout.data-table(%s, %s, ["):format(number and S.quoted(number) or "none", S.quoted(div.identifier))
  local close = ("], shrink: %s)"):format(shrink) .. (number and ("#" .. S.label(div.identifier)) or "")
  return whole_if_short(t, { S.block(open), pandoc.Plain(caption(div)), S.block("], ["), t, S.block(close) })
end

local function data_table(div)
  local blocks, number = pandoc.Blocks({}), S.number_of[div.identifier]
  for i = 1, #div.content - 1 do
    local this = div.content[i]
    if this.t == "Table" then blocks:extend(one_table(this, div, number)) else blocks:insert(this) end
  end
  return S.typst and blocks or pandoc.Div(blocks, { id = div.identifier, class = "wide" })
end

local function picture(div)
  local file, alt = div.attributes.file, div.attributes.alt
  local number = S.number_of[div.identifier]
  if S.typst then
    if not number then return {} end -- an animation: paper has the figures
    local open = ("#layout.picture(%s, label(%s), %s, %s, ["):format(S.quoted(number), S.quoted(div.identifier), S.quoted(file), S.quoted(alt))
    local close = div.attributes.width and ("], width: %s)"):format(div.attributes.width) or "])"
    return { S.block(open), pandoc.Plain(caption(div)), S.block(close) }
  end
  local attributes = pandoc.Attr("", {}, { { "alt", alt }, { "loading", "lazy" } }) -- in this order
  local content = pandoc.Inlines({ pandoc.Image({}, file, "", attributes) })
  if not number then -- who asked for less motion sees the first frame
    local still = file:gsub("%.png$", "-still.png")
    content:insert(1, pandoc.RawInline("html", ('<picture><source media="(prefers-reduced-motion: reduce)" srcset="%s">'):format(still)))
    content:insert(pandoc.RawInline("html", "</picture>"))
  end
  local image = pandoc.Div({ pandoc.Plain(content) }, { class = "wide" })
  if div.attributes.module then -- the still picture gives way to a figure that one can touch
    image.attr = pandoc.Attr("", { "explorable" }, { { "data-module", div.attributes.module }, { "data-state", div.attributes.state } })
  end
  local figure = pandoc.Figure({ image }, { long = { pandoc.Plain(caption(div, "Figure")) } })
  return pandoc.Div({ figure }, { id = div.identifier }) -- pandoc finds the page of a div, not of a figure
end

local function callout_block(div)
  local kind = div.classes[2]
  if not S.typst then
    div.attributes.ids = nil
    div.content[1].content[1].content:insert(1, pandoc.Span(callouts.signs[kind], { class = "sign", ["aria-hidden"] = "true" }))
    return div
  end
  local places = {}
  for id in div.attributes.ids:gmatch("%S+") do places[#places + 1] = S.label(id) end
  local list = pandoc.Blocks({ S.block(("#layout.callout(%s, %s, (%s), ["):format(S.quoted(kind), S.quoted(callouts.signs[kind]), table.concat(places, ", ") .. (#places == 1 and "," or ""))) })
  list:extend(div.content[1].content)
  list:insert(S.block("])["))
  for i = 2, #div.content do list:insert(div.content[i]) end
  list:insert(S.block("]"))
  return list
end

local divs = {
  code = code, folded = folded, output = code, picture = picture, table = data_table, callout = callout_block,
}

-- The blocks of a lesson or of a call-out, as the product has them
function M.set(blocks)
  local list = pandoc.Blocks({})
  for i, this in ipairs(blocks) do
    if this.t == "Div" or this.t == "BlockQuote" then
      if this.classes and this.classes[1] == "callout" or this.t == "BlockQuote" then this.content = M.set(this.content) end
      local make = this.classes and divs[this.classes[1]]
      local made = make and make(this) or this
      if type(made) == "userdata" and made.t then list:insert(made) else list:extend(made) end
    elseif this.t == "HorizontalRule" and S.typst then
      list:insert(S.block("#layout.rule"))
    elseif this.t == "Table" then
      list:extend(markdown_table(this))
    elseif leads_in(blocks[i - 1], this, blocks[i + 1]) then
      list:extend({ S.block("#layout.lead-in["), this, S.block("]") })
    else
      list:insert(this)
    end
  end
  return list
end

return M
