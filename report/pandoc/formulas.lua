-- Formulas: their translation to Typst, and their numbers.

local S = require("state")
local M = {}

local typeset = {} -- formulas by their text, as many occur often
local function translated(math)
  local key = math.mathtype .. math.text
  if typeset[key] then return typeset[key] end
  local document = pandoc.Pandoc({ pandoc.Plain({ math }) })
  local text = pandoc.write(document, "typst", { wrap_text = "wrap-none" }):gsub("%s+$", "")
  if text:sub(1, 1) ~= "$" then
    S.problem("formula %s\n  cannot be typeset; look for a missing brace or a sign in a wrong place", math.text)
  end
  text = text:gsub("#h%(0em%)", "thick") -- \\; of which pandoc loses the width
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

-- A formula with its number, if it has one
local function set(math, id)
  local number = S.number_of[id]
  if S.typst then
    local text, alt = translated(math), S.quoted(math.text)
    if number then return S.inline(("#layout.numbered(%s, %s, %s, %s);"):format(S.quoted(number), alt, S.label(id), text)) end
    return S.inline(("#layout.formula(%s, %s);"):format(alt, text))
  end
  translated(math) -- for what it tells about mistakes
  if not number then -- a long one within a line can be scrolled on a phone
    return #math.text > 24 and math.mathtype == "InlineMath" and pandoc.Span({ math }, { class = "long" }) or math
  end
  return pandoc.Span({ math, pandoc.Span("(" .. number .. ")", { class = "number" }) }, { id = id, class = "equation" })
end

-- false: what it returns is not looked through again
function M.Math(math) return set(math), false end

function M.displayed(piece)
  return piece.t == "Math" and piece.mathtype == "DisplayMath"
    or piece.t == "RawInline" and piece.text:match("^#layout%.") and piece.text:match("%$ .* %$%);$")
end

-- An equation, <span id="eq-name"></span> before a formula; or a place to link to
function M.Span(span)
  if span.classes[1] == "equation" then return set(span.content[1], span.identifier), false end
  if S.kind_of[span.identifier] == "anchor" and S.typst then
    return S.inline("#metadata(none)#" .. S.label(span.identifier))
  end
end

return M
