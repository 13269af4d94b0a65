// What Redis does for the cache, each call in one step. An entry is a hash: the server that kept it, the permit to fill it, and maybe a value.
import type { RedisScript } from './redis-connection.ts'

const preamble = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local lifetime = tonumber(ARGV[1])
-- Some accounts may not ask.
local info = redis.pcall('INFO', 'server')
local server = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
`

/** Arguments: the lifetime and a permit that nobody had before. Gives the value, or nothing, the permit to store one, and the time. */
export const lookupScript: RedisScript = {
  name: 'ladingCacheLookup',
  numberOfKeys: 1,
  lua: `${preamble}
local entry = redis.call('HMGET', KEYS[1], 'server', 'permit', 'value', 'since')
local keeper, permit, value, since = entry[1], entry[2], entry[3], tonumber(entry[4])
if keeper ~= server then
  permit, value = ARGV[2], false
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'server', server, 'permit', permit)
end
-- A value of the future was kept before the clock was set back: nobody knows how old it is.
if value and since <= now and now - since < lifetime then return { value } end
redis.call('HDEL', KEYS[1], 'value', 'since')
redis.call('PEXPIRE', KEYS[1], lifetime)
return { false, permit, now }
`,
}

/** Arguments: the lifetime, the permit, the time that came with it, and the value. */
export const storeScript: RedisScript = {
  name: 'ladingCacheStore',
  numberOfKeys: 1,
  lua: `${preamble}
local entry = redis.call('HMGET', KEYS[1], 'server', 'permit')
local since = tonumber(ARGV[3])
local rest = since + lifetime - now
if entry[1] ~= server or entry[2] ~= ARGV[2] or rest <= 0 or rest > lifetime then return 0 end
redis.call('HSET', KEYS[1], 'value', ARGV[4], 'since', ARGV[3])
redis.call('PEXPIRE', KEYS[1], rest)
return 1
`,
}

export const forgetScript: RedisScript = {
  name: 'ladingCacheForget',
  numberOfKeys: 1,
  lua: `return redis.call('DEL', KEYS[1])`,
}
