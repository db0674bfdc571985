-- What is to be read of blocks: kind and text of each, without spaces. markdown.words says the same
-- of the same text, from another parser.

local leaves = { Para = "p", Plain = "p", CodeBlock = "pre" }
local marks = { Emph = "‹em›", Strong = "‹strong›", Strikeout = "‹s›" } -- at both ends

local text
local function inline(piece)
  if piece.t == "Str" or piece.t == "Code" then return piece.text end
  local mark = marks[piece.t] or ""
  return piece.content and mark .. text(piece.content) .. mark or piece.caption and text(piece.caption) or ""
end

function text(inlines)
  local list = {}
  for _, piece in ipairs(inlines) do list[#list + 1] = inline(piece) end
  return table.concat(list)
end

local function without_spaces(words)
  return (words:gsub("%s+", ""):gsub("\u{a0}", ""):gsub("\u{2009}", ""))
end

local lines_of
local function rows(list, kind, path, lines)
  for _, row in ipairs(list) do
    for _, cell in ipairs(row.cells) do
      for _, block in ipairs(cell.contents) do lines[#lines + 1] = path .. kind .. " " .. without_spaces(text(block.content)) end
    end
  end
end

function lines_of(blocks, path, lines)
  for _, block in ipairs(blocks) do
    if block.t == "Header" then
      lines[#lines + 1] = path .. "h" .. block.level .. " " .. without_spaces(text(block.content))
    elseif leaves[block.t] then
      lines[#lines + 1] = path .. leaves[block.t] .. " " .. without_spaces(block.text or text(block.content))
    elseif block.t == "HorizontalRule" then
      lines[#lines + 1] = path .. "hr"
    elseif block.t == "BlockQuote" then
      lines_of(block.content, path .. "blockquote/", lines)
    elseif block.t == "BulletList" or block.t == "OrderedList" then
      local kind = block.t == "BulletList" and "ul/li/" or "ol/li/"
      for _, item in ipairs(block.content) do lines_of(item, path .. kind, lines) end
    elseif block.t == "Table" then
      rows(block.head.rows, "table/thead/tr/th", path, lines)
      for _, body in ipairs(block.bodies) do rows(body.body, "table/tbody/tr/td", path, lines) end
    end
  end
  return lines
end

local M = {}

-- The first line in which blocks differ from what they should show, or nil
function M.difference(blocks, expected)
  local found, i = {}, 0
  for _, line in ipairs(lines_of(blocks, "", {})) do
    if not line:match(" $") then found[#found + 1] = line end
  end
  for line in (expected .. "\n"):gmatch("(.-)\n") do
    if line ~= "" then
      i = i + 1
      if found[i] ~= line then return line .. "\n  " .. (found[i] or "nothing") end
    end
  end
  if found[i + 1] then return "nothing\n  " .. found[i + 1] end
end

return M
