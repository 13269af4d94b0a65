// What Redis does for the lock table, each call in one step. Its arguments: the operation, the owner, its lease, and those of the operation.
import type { RedisScript } from './redis-connection.ts'

/**
 * Fields of the hash: `q <key>` the tickets that wait for the key, the holder first; `t <ticket>` its keys, and at how many it waits; `o <owner>`
 * its tickets; `a <owner>` until when it is alive; `owners`; `due` the first time at which one of them may be dead. Lists are text, each entry
 * with a space behind it. Tickets begin with their owner and a colon.
 *
 * The dead are buried by whoever comes next, so whoever heads a queue is alive, or was until a moment ago. Time is the time of Redis alone; if its
 * clock is set back, nobody outlives the longest lease from then.
 */
export const lockScript: RedisScript = {
  name: 'ladingLocks',
  numberOfKeys: 1,
  lua: `
local locks = KEYS[1]
local operation, owner, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local longestLease = 60 * 1000
local forgottenAfter = 24 * 60 * 60 * 1000

local function get(field) return redis.call('HGET', locks, field) or '' end
local function set(field, value)
  if value == '' then redis.call('HDEL', locks, field) else redis.call('HSET', locks, field, value) end
end
local function entries(list) return string.gmatch(list, '%S+') end
local function first(list) return string.match(list, '^%S+') end
local function without(list, entry)
  local from, to = string.find(' ' .. list, ' ' .. entry .. ' ', 1, true)
  if not from then return list end
  return string.sub(list, 1, from - 1) .. string.sub(list, to)
end
local function ownerOf(ticket) return string.match(ticket, '^[^:]+') end

local function standing(ticket)
  local text = get('t ' .. ticket)
  if text == '' then return 'gone' end
  return cjson.decode(text).waiting == 0 and 'granted' or 'waiting'
end

local function advance(ticket)
  local entry = cjson.decode(get('t ' .. ticket))
  entry.waiting = entry.waiting - 1
  set('t ' .. ticket, cjson.encode(entry))
  -- Who may not publish does without: those who wait ask from time to time.
  if entry.waiting == 0 then redis.pcall('PUBLISH', locks .. ':' .. ownerOf(ticket), ticket) end
end

local function add(ticket, keys)
  local waiting = 0
  for _, key in ipairs(keys) do
    local queue = get('q ' .. key)
    if queue ~= '' then waiting = waiting + 1 end
    set('q ' .. key, queue .. ticket .. ' ')
  end
  set('t ' .. ticket, cjson.encode({ waiting = waiting, keys = keys }))
  set('o ' .. owner, get('o ' .. owner) .. ticket .. ' ')
  return waiting == 0 and 'granted' or 'waiting'
end

local function drop(ticket)
  local text = get('t ' .. ticket)
  if text == '' then return end
  set('t ' .. ticket, '')
  set('o ' .. ownerOf(ticket), without(get('o ' .. ownerOf(ticket)), ticket))
  for _, key in ipairs(cjson.decode(text).keys) do
    local queue = get('q ' .. key)
    local rest = without(queue, ticket)
    set('q ' .. key, rest)
    if first(queue) == ticket and rest ~= '' then advance(first(rest)) end
  end
end

local function die(dead)
  for ticket in entries(get('o ' .. dead)) do drop(ticket) end
  set('a ' .. dead, '')
  set('owners', without(get('owners'), dead))
end

local function bury()
  local due
  for other in entries(get('owners')) do
    local dies = math.min(tonumber(get('a ' .. other)) or now, now + longestLease)
    if dies > now then
      set('a ' .. other, dies)
      due = math.min(due or dies, dies)
    else
      die(other)
    end
  end
  set('due', due or '')
end

local function live()
  local known = redis.call('HMGET', locks, 'a ' .. owner, 'due')
  local dies, due = tonumber(known[1]), tonumber(known[2])
  if not dies then set('owners', get('owners') .. owner .. ' ') end
  -- Who has just been heard of is not written down again: owners allow for more than that.
  local isFresh = dies and dies - now > 0.95 * lease and dies - now <= lease
  if not isFresh then set('a ' .. owner, now + lease) end
  if not due or due > now + lease then
    due = now + lease
    set('due', due)
  end
  if due <= now then bury() end
end

if operation == 'leave' then return die(owner) end
live()
if operation == 'release' then return drop(ARGV[4]) end

if operation == 'request' then
  local known = standing(ARGV[4])
  return known == 'gone' and add(ARGV[4], cjson.decode(ARGV[5])) or known
end

if operation == 'try' then
  if standing(ARGV[4]) == 'granted' then return 'granted' end
  if get('q ' .. ARGV[5]) ~= '' then return 'refused' end
  return add(ARGV[4], { ARGV[5] })
end

redis.call('PEXPIRE', locks, forgottenAfter)
local wanted, standings = {}, {}
for index = 4, #ARGV do wanted[ARGV[index]] = true end
for ticket in entries(get('o ' .. owner)) do
  if not wanted[ticket] then drop(ticket) end
end
for index = 4, #ARGV do standings[index - 3] = standing(ARGV[index]) end
return standings
`,
}
