-- What is to be read of blocks: kind and text of each, without spaces. markdown.words says the same
-- of the same text, from another parser.

local stringify = pandoc.utils.stringify
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

-- Adds a line unless it is empty. Marks are looked at only where the other parser saw some: stars
-- that one takes for text and the other for emphasis differ in any case.
local function add(lines, kind, block, expected)
  local marked = (expected[#lines + 1] or "‹"):find("‹", 1, true)
  local words = block.t == "CodeBlock" and block.text or marked and text(block.content) or stringify(block)
  words = without_spaces(words)
  if words ~= "" then lines[#lines + 1] = kind .. " " .. words end
end

local function add_rows(lines, kind, rows, expected)
  for _, row in ipairs(rows) do
    for _, cell in ipairs(row.cells) do
      for _, block in ipairs(cell.contents) do add(lines, kind, block, expected) end
    end
  end
end

local function add_blocks(lines, path, blocks, expected)
  for _, block in ipairs(blocks) do
    local t = block.t
    if t == "Para" or t == "Plain" then
      add(lines, path .. "p", block, expected)
    elseif t == "Header" then
      add(lines, path .. "h" .. block.level, block, expected)
    elseif t == "CodeBlock" then
      add(lines, path .. "pre", block, expected)
    elseif t == "HorizontalRule" then
      lines[#lines + 1] = path .. "hr"
    elseif t == "BlockQuote" then
      add_blocks(lines, path .. "blockquote/", block.content, expected)
    elseif t == "BulletList" or t == "OrderedList" then
      local kind = t == "BulletList" and "ul/li/" or "ol/li/"
      for _, item in ipairs(block.content) do add_blocks(lines, path .. kind, item, expected) end
    elseif t == "Table" then
      add_rows(lines, path .. "table/thead/tr/th", block.head.rows, expected)
      for _, body in ipairs(block.bodies) do add_rows(lines, path .. "table/tbody/tr/td", body.body, expected) end
    end
  end
end

local M = {}

-- The first line in which blocks differ from what they should show, or nil
function M.difference(blocks, shown)
  local found, expected = {}, {}
  for line in shown:gmatch("[^\n]+") do expected[#expected + 1] = line end
  add_blocks(found, "", blocks, expected)
  for i = 1, math.max(#found, #expected) do
    if found[i] ~= expected[i] then return (expected[i] or "nothing") .. "\n  " .. (found[i] or "nothing") end
  end
end

return M
