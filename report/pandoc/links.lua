-- Links within the report, to files of the project and to the references.

local S = require("state")
local stringify = pandoc.utils.stringify
local formulas = require("formulas")
local M = {}

-- Notebooks with exercises have the names of their lessons; they are no pages, and come with the site.
local function is_exercise(target) return target:match("^exercises/") end

-- The id that "#name", "03_lesson.ipynb" or "03_lesson.ipynb#name" leads to, if it exists.
function M.place_of(target)
  local file, name = target:match("^([%w_%-%./]+)%.ipynb#?(.*)$")
  if not file and target:sub(1, 1) ~= "#" or is_exercise(target) then return end
  name = name or target:sub(2)
  local other = file and file:match("[^/]+$") or S.lesson.name
  if name == "" then return other end
  local number = tonumber(other:match("^%d%d")) or 0
  for _, id in ipairs({ S.id_in(number, name), S.id_in(number, S.anchor(name)) }) do
    if S.kind_of[id] then return id end
  end
  return name
end

function M.to(id, content)
  if S.here and not S.here[id] and not id:match("^ref%-") then return require("paper").elsewhere(id, content) end
  if not S.typst then return pandoc.Inlines({ pandoc.Link(content, "#" .. id) }) end
  return S.wrapped(S.inline("#link(" .. S.label(id) .. ")["), content, S.inline("];"))
end

-- Whether a target of a link, seen from the folder of the lessons, is in the project.
local function is_file(target)
  local path = target:gsub("#.*", ""):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  local file = io.open(pandoc.path.directory(PANDOC_SCRIPT_FILE) .. "/../../notebooks/" .. path)
  return file and file:close()
end

-- [figure](#fig-name), [figure 3.2](#fig-name), [equation (3.1)](#eq-name), [lesson 03](03_...): the
-- number that the report gives it. One that the author typed must be the same.
local function with_number(text, kind, number)
  local word, typed = text:match("^(%a+)%s*%(?([%d%.]*)%)?$")
  if not word or word:lower() ~= kind then return end
  if typed:find("%.") and typed ~= number and not S.here then S.problem("[%s] is number %s", text, number) end
  return word .. "\u{a0}" .. (kind == "equation" and "(" .. number .. ")" or number)
end

local references = {} -- target of a link to a reference -> {key =, author =, year =}

-- Reads references.bib.
function M.read_references(file)
  local handle = io.open(file)
  for _, entry in ipairs(pandoc.read(handle:read("a"), "bibtex").meta.references) do
    local key = stringify(entry.id)
    local one = { key = key, author = stringify(entry.author[1].family), year = stringify(entry.issued):match("%d+") }
    references["../report/references.bib#" .. key] = one
    if entry.url then references[stringify(entry.url)] = one end
    if entry.doi then references["https://doi.org/" .. stringify(entry.doi)] = one end
  end
  handle:close()
end

-- [Author and Other 2016](its address in references.bib) leads to the list of references.
local function reference(one, text, content)
  if not (text:find(one.author, 1, true) and text:find(one.year, 1, true)) then
    S.problem("link [%s] leads to a reference; its text must name %s and %s", text, one.author, one.year)
  end
  S.cited[one.key] = true
  return M.to("ref-" .. one.key, content)
end

local function with_article(article, content)
  if not article then return content end
  local list = pandoc.Inlines({ pandoc.Str(article), pandoc.Space() })
  list:extend(content)
  return list
end

local function link(element)
  local target, text, article = element.target, stringify(element), element.attributes.article
  element.attributes.article = nil
  if references[target] then return reference(references[target], text, element.content) end
  local id = M.place_of(target)
  if not id then
    if target:match("^%a+:") then return nil end
    if target:match("references%.bib#") then
      S.problem("link [%s](%s) names no entry of references.bib", text, target)
    elseif not is_file(target) then
      S.problem("link [%s](%s) leads nowhere", text, target)
    end
    if is_exercise(target) and not S.typst then return nil end
    return element.content -- a file of the project: not to be found from the report
  end
  local kind, number = S.kind_of[id], S.number_of[id]
  if not kind then
    S.problem("link [%s](%s) leads nowhere", text, target)
    return element.content
  end
  if kind == "callout" or not number then return with_article(article, M.to(id, element.content)) end
  local short = with_number(text, kind, number)
  if short then
    if article == "The" then short = short:sub(1, 1):upper() .. short:sub(2) end
    return M.to(id, { pandoc.Str(short) })
  end
  if kind == "lesson" and text:match("^%d+$") then return M.to(id, { pandoc.Str(number) }) end -- lessons [01](..) and
  if kind == "lesson" and text:lower():find("lesson") then return M.to(id, element.content) end
  local content = pandoc.Inlines(element.content)
  content:extend({ pandoc.Space(), pandoc.Str("(" .. kind .. "\u{a0}" .. (kind == "equation" and "(" .. number .. ")" or number) .. ")") })
  return with_article(article, M.to(id, content))
end

function M.Link(element)
  element.content = element.content:walk({ traverse = "topdown", Math = formulas.Math })
  return link(element), false
end

return M
