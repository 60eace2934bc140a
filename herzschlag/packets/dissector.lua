-- Dissector of Herzschlag's datagrams for Wireshark and tshark.
--
-- This script decides how fields are shown and what is called malformed: all that the agents' decoder would refuse for
-- its form.
-- The tables of the format come first; they are generated from the one description that the encoder uses as well.
-- `herzschlag dissector` prints it whole, `herzschlag dissector --install` puts it in place.
--
--   tshark -X lua_script:herzschlag.lua -r capture.pcapng -Y 'herzschlag.type == election'
--
-- It runs on Lua 5.1 to 5.4, whichever Wireshark was built with: no operator or library that only some of them have.

--@tables@

local proto = Proto("herzschlag", "Herzschlag HA heartbeats")

proto.prefs.key = Pref.string("Key", "", "Key of the run in hexadecimal (run.json, capture.key): tags are verified with it")
proto.prefs.port = Pref.uint("UDP port", WIRE.port, "Port of the agents")

-- ---------------------------------------------------------------------------------------------------------------------
-- HMAC-SHA-256 (FIPS 180-4, RFC 2104): Wireshark offers Lua no hash. `bit` is Wireshark's own, in every version.
-- ---------------------------------------------------------------------------------------------------------------------

local band, bor, bxor, bnot = bit.band, bit.bor, bit.bxor, bit.bnot
local rshift, ror, tobit = bit.rshift, bit.ror, bit.tobit

local K, FIRST = {}, {}

do -- the constants are the first 32 bits of the fractions of cube and square roots of primes
    -- Exact: a double holds floor(root * 2^32) for roots below 2^21, and integer search settles the last bit.
    local function is_prime(n)
        for d = 2, math.floor(math.sqrt(n)) do
            if n % d == 0 then return false end
        end
        return true
    end
    -- Whether x^power <= n * 2^(32 * power), on numbers cut into 24-bit digits: a double cannot hold the products.
    local BASE = 2 ^ 24
    local function digits(x)
        local out = {}
        while x > 0 do
            out[#out + 1] = x % BASE
            x = math.floor(x / BASE)
        end
        return out
    end
    local function times(a, b)
        local out = {}
        for i = 1, #a + #b do out[i] = 0 end
        for i = 1, #a do
            local carry = 0
            for j = 1, #b do
                local v = out[i + j - 1] + a[i] * b[j] + carry
                out[i + j - 1] = v % BASE
                carry = math.floor(v / BASE)
            end
            out[i + #b] = out[i + #b] + carry
        end
        return out
    end
    local function at_most(a, b)
        for i = math.max(#a, #b), 1, -1 do
            local x, y = a[i] or 0, b[i] or 0
            if x ~= y then return x < y end
        end
        return true
    end
    local function fraction(n, power)
        local bound = digits(n)
        for _ = 1, power do bound = times(bound, digits(2 ^ 32)) end
        local x = math.floor(n ^ (1 / power) * 2 ^ 32) + 2
        while true do
            local d = digits(x)
            local product = d
            for _ = 2, power do product = times(product, d) end
            if at_most(product, bound) then return tobit(x % 2 ^ 32) end
            x = x - 1
        end
    end
    local n = 2
    while #K < 64 do
        if is_prime(n) then
            K[#K + 1] = fraction(n, 3)
            if #FIRST < 8 then FIRST[#FIRST + 1] = fraction(n, 2) end
        end
        n = n + 1
    end
end

local function compress(state, text, at)
    local w = {}
    for i = 1, 16 do
        local a, b, c, d = text:byte(at + i * 4 - 4, at + i * 4 - 1)
        w[i] = tobit(a * 0x1000000 + b * 0x10000 + c * 0x100 + d)
    end
    for i = 17, 64 do
        local x, y = w[i - 15], w[i - 2]
        local s0 = bxor(ror(x, 7), ror(x, 18), rshift(x, 3))
        local s1 = bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
        w[i] = tobit(w[i - 16] + s0 + w[i - 7] + s1)
    end
    local a, b, c, d, e, f, g, h = state[1], state[2], state[3], state[4], state[5], state[6], state[7], state[8]
    for i = 1, 64 do
        local s1 = bxor(ror(e, 6), ror(e, 11), ror(e, 25))
        local t1 = h + s1 + bxor(band(e, f), band(bnot(e), g)) + K[i] + w[i]
        local s0 = bxor(ror(a, 2), ror(a, 13), ror(a, 22))
        local t2 = s0 + bxor(band(a, b), band(a, c), band(b, c))
        h, g, f, e, d, c, b, a = g, f, e, tobit(d + t1), c, b, a, tobit(t1 + t2)
    end
    return {
        tobit(state[1] + a), tobit(state[2] + b), tobit(state[3] + c), tobit(state[4] + d),
        tobit(state[5] + e), tobit(state[6] + f), tobit(state[7] + g), tobit(state[8] + h),
    }
end

local function big_endian(x)
    return string.char(band(rshift(x, 24), 255), band(rshift(x, 16), 255), band(rshift(x, 8), 255), band(x, 255))
end

-- The hash of text, continued from a state that already covers `before` bytes (whole blocks).
local function sha256(text, state, before)
    local length = #text + (before or 0)
    state = state or FIRST
    local high = math.floor(length / 2 ^ 29)
    text = text .. "\128" .. ("\0"):rep((55 - length) % 64) .. big_endian(high) .. big_endian(tobit(length * 8 % 2 ^ 32))
    for at = 1, #text, 64 do state = compress(state, text, at) end
    local out = {}
    for i = 1, 8 do out[i] = big_endian(state[i]) end
    return table.concat(out)
end

local function xor_each(text, value)
    return (text:gsub(".", function(c) return string.char(band(bxor(c:byte(), value), 255)) end))
end

local prepared = {} -- the key's two blocks are hashed once, not for every datagram

local function hmac(key, text)
    if prepared.key ~= key then
        local block = #key > 64 and sha256(key) or key
        block = block .. ("\0"):rep(64 - #block)
        prepared = {
            key = key,
            inner = compress(FIRST, xor_each(block, 0x36), 1),
            outer = compress(FIRST, xor_each(block, 0x5c), 1),
        }
    end
    return sha256(sha256(text, prepared.inner, 64), prepared.outer, 64)
end

-- nil: no key was given; false: the given text is not a key
local function given_key()
    local text = proto.prefs.key:gsub("[%s:]", "")
    if text == "" then return nil end
    if #text % 2 == 1 or text:find("%X") then return false end
    return (text:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

-- ---------------------------------------------------------------------------------------------------------------------
-- Fields
-- ---------------------------------------------------------------------------------------------------------------------

local TAG = { [0] = "not checked: no key", [1] = "good", [2] = "bad", [3] = "not checked: the key is not hexadecimal" }
local names, roles = {}, {}
for number, message in pairs(WIRE.bodies) do names[number] = message.label end
for number, role in ipairs(WIRE.roles) do roles[number - 1] = role end

local makers = {
    u8 = function(abbr, name, about) return ProtoField.uint8(abbr, name, base.DEC, nil, nil, about) end,
    u16 = function(abbr, name, about) return ProtoField.uint16(abbr, name, base.DEC, nil, nil, about) end,
    u32 = function(abbr, name, about) return ProtoField.uint32(abbr, name, base.DEC, nil, nil, about) end,
    u64 = function(abbr, name, about) return ProtoField.uint64(abbr, name, base.DEC, nil, nil, about) end,
    i32 = function(abbr, name, about) return ProtoField.int32(abbr, name, base.DEC, nil, nil, about) end,
    u128 = function(abbr, name, about) return ProtoField.bytes(abbr, name, base.NONE, about) end,
    hash = function(abbr, name, about) return ProtoField.bytes(abbr, name, base.NONE, about) end,
    flag = function(abbr, name, about) return ProtoField.uint8(abbr, name, base.DEC, { [0] = "no", [1] = "yes" }, nil, about) end,
    role = function(abbr, name, about) return ProtoField.uint8(abbr, name, base.DEC, roles, nil, about) end,
    padding = function(abbr, name, about) return ProtoField.uint16(abbr, name, base.DEC, nil, nil, about) end,
}
local function text_maker(abbr, name, about) return ProtoField.string(abbr, name, base.UNICODE, about) end
for _, kind in ipairs({ "name", "magic", "text", "texts", "json", "zjson" }) do makers[kind] = text_maker end

local fields, registered = {}, {}

local function declare(abbr, field, maker)
    local made = (maker or makers[field.kind])(abbr, field.name, field.meaning)
    registered[#registered + 1] = made
    fields[abbr] = made
end

for _, field in ipairs(WIRE.header) do
    local maker
    if field.name == "type" then
        maker = function(abbr, name, about) return ProtoField.uint8(abbr, name, base.DEC, names, nil, about) end
    end
    declare("herzschlag." .. field.name, field, maker)
end
for _, message in pairs(WIRE.bodies) do
    for _, field in ipairs(message.fields) do
        declare("herzschlag." .. message.label .. "." .. field.name, field)
        if field.kind == "u128" then
            declare("herzschlag." .. message.label .. "." .. field.name .. ".bit", { name = "bit", meaning = "a bit that is set" }, makers.u8)
        end
    end
end
declare("herzschlag.tag", { name = "tag", meaning = "HMAC-SHA-256 over header and body, cut short" }, makers.hash)
declare("herzschlag.tag.status", { name = "tag verifies", meaning = "whether the tag is the one that the key gives" },
    function(abbr, name, about) return ProtoField.uint8(abbr, name, base.DEC, TAG, nil, about) end)
proto.fields = registered

local malformed = ProtoExpert.new("herzschlag.malformed", "not a datagram that an agent would accept", expert.group.MALFORMED, expert.severity.ERROR)
local wrong_tag = ProtoExpert.new("herzschlag.tag.bad", "the tag is wrong: not from a holder of the key, or changed", expert.group.CHECKSUM, expert.severity.WARN)
proto.experts = { malformed, wrong_tag }

-- ---------------------------------------------------------------------------------------------------------------------
-- Reading
-- ---------------------------------------------------------------------------------------------------------------------

-- One datagram: where it is read, up to where, and whether it is in order so far.
local Walk = {}
Walk.__index = Walk

function Walk:bad(item, why)
    if self.pinfo.in_error_pkt then return end -- an ICMP error quotes the beginning of what it is about
    self.malformed = true
    item:add_proto_expert_info(malformed, why)
end

-- The next `size` bytes, or nil when the body ends before.
function Walk:take(size)
    if self.at + size > self.stop then
        self:bad(self.tree, string.format("%d bytes are missing at byte %d", self.at + size - self.stop, self.at))
        self.at = self.stop
        self.short = true
        return nil
    end
    local range = self.tvb(self.at, size)
    self.at = self.at + size
    return range
end

-- A TvbRange of no bytes cannot be made: an empty block gives false.
function Walk:block()
    local length = self:take(2)
    if not length then return nil end
    local size = length:uint()
    if size == 0 then return false, length end
    local range = self:take(size)
    if not range then return nil end
    return range, length
end

local function utf8_ok(text)
    local at = 1
    while at <= #text do
        local c = text:byte(at)
        local more, low, high = 0, 0x80, 0xBF
        if c < 0x80 then more = 0
        elseif c >= 0xC2 and c <= 0xDF then more = 1
        elseif c >= 0xE0 and c <= 0xEF then
            more = 2
            if c == 0xE0 then low = 0xA0 elseif c == 0xED then high = 0x9F end
        elseif c >= 0xF0 and c <= 0xF4 then
            more = 3
            if c == 0xF0 then low = 0x90 elseif c == 0xF4 then high = 0x8F end
        else return false end
        for i = 1, more do
            local d = text:byte(at + i)
            if not d or d < low or d > high then return false end
            low, high = 0x80, 0xBF
        end
        at = at + more + 1
    end
    return true
end

local readers = {}

local function plain(walk, tree, abbr, field)
    local range = walk:take(field.size)
    return range and tree:add(fields[abbr], range), range
end
for _, kind in ipairs({ "u8", "u16", "u32", "u64", "i32", "hash" }) do readers[kind] = plain end

function readers.role(walk, tree, abbr, field)
    local item, range = plain(walk, tree, abbr, field)
    if range then
        walk.role = roles[range:uint()]
        if not walk.role then walk:bad(item, "there is no such role") end
    end
end

function readers.flag(walk, tree, abbr, field)
    local item, range = plain(walk, tree, abbr, field)
    if range and range:uint() > 1 then walk:bad(item, "a truth value is 0 or 1") end
end

function readers.name(walk, tree, abbr, field)
    local range = walk:take(field.size)
    if not range then return nil end
    local raw = range:raw()
    local name = raw:gsub("%z+$", "")
    local item = tree:add(fields[abbr], range, (name:gsub("[^\32-\126]", "?")))
    if name:find("[%z\128-\255]") then walk:bad(item, "a name is ASCII, filled up with zeros") end
    return item, name
end
readers.magic = readers.name

function readers.u128(walk, tree, abbr, field)
    local item, range = plain(walk, tree, abbr, field)
    if not range then return end
    local set = {}
    local bits = fields[abbr .. ".bit"]
    for byte = field.size - 1, 0, -1 do
        local value = range(byte, 1):uint()
        for shift = 0, 7 do
            if band(value, 2 ^ shift) ~= 0 then
                local number = (field.size - 1 - byte) * 8 + shift
                set[#set + 1] = tostring(number)
                item:add(bits, range(byte, 1), number)
            end
        end
    end
    item:append_text(" (bits " .. (#set > 0 and table.concat(set, ", ") or "none") .. ")")
end

local function text(walk, tree, abbr)
    local range, length = walk:block()
    if range == nil then return end
    local item = range and tree:add(fields[abbr], range, (range:raw():gsub("%c", "?"))) or tree:add(fields[abbr], length, "")
    if range and not utf8_ok(range:raw()) then walk:bad(item, "a text is UTF-8") end
    return item
end

function readers.text(walk, tree, abbr) text(walk, tree, abbr) end

function readers.texts(walk, tree, abbr, field)
    local count = walk:take(2)
    if not count then return end
    local list = tree:add(count, string.format("%s: %d", field.name, count:uint()))
    for _ = 1, count:uint() do
        text(walk, list, abbr)
        if walk.short then return end
    end
end

function readers.padding(walk, tree, abbr)
    local range, length = walk:block()
    if range == nil then return end
    local item = tree:add(fields[abbr], length)
    if range and range:raw():find("[^%z]") then walk:bad(item, "padding is zeros") end
end

local json_dissector = Dissector.get("json")

local function document(walk, tree, abbr, range, tvb)
    local item = tree:add(fields[abbr], range, (tvb:range():raw():gsub("%c", "?")))
    json_dissector:call(tvb, walk.pinfo, item)
end

function readers.json(walk, tree, abbr)
    local range, length = walk:block()
    if range == nil then return end
    if not range then return walk:bad(tree:add(fields[abbr], length, ""), "an empty document is not JSON") end
    document(walk, tree, abbr, range, range:tvb())
end

function readers.zjson(walk, tree, abbr)
    local range, length = walk:block()
    if range == nil then return end
    local plain_range
    if range then
        local ok, unpacked = pcall(function() return range:uncompress_zlib("configuration, unpacked") end)
        if not ok then -- its name before Wireshark 4.4
            ok, unpacked = pcall(function() return range:uncompress("configuration, unpacked") end)
        end
        plain_range = ok and unpacked or nil
    end
    if not plain_range or plain_range:len() == 0 then
        return walk:bad(tree:add(fields[abbr], range or length, ""), "it cannot be unpacked")
    end
    document(walk, tree, abbr, plain_range, plain_range:tvb())
end

local function verify(walk, tvb, tree)
    local size = tvb:len()
    local range = tvb(size - WIRE.tag_bytes, WIRE.tag_bytes)
    local item = tree:add(fields["herzschlag.tag"], range)
    local key = given_key()
    local status = 0
    if key == false then
        status = 3
    elseif key then
        local right = hmac(key, tvb:range(0, size - WIRE.tag_bytes):raw()):sub(1, WIRE.tag_bytes)
        status = right == range:raw() and 1 or 2
    end
    local told = item:add(fields["herzschlag.tag.status"], range, status)
    told:set_generated()
    if status == 2 then told:add_proto_expert_info(wrong_tag) end
end

function proto.dissector(tvb, pinfo, tree)
    local size = tvb:len()
    if size < #WIRE.magic or tvb(0, #WIRE.magic):raw() ~= WIRE.magic then return 0 end
    local top = tree:add(proto, tvb())
    local walk = setmetatable({ tvb = tvb, pinfo = pinfo, tree = top, at = 0, stop = size }, Walk)
    if size < WIRE.header_bytes + WIRE.tag_bytes then
        walk:bad(top, string.format("%d bytes: header and tag alone have %d", size, WIRE.header_bytes + WIRE.tag_bytes))
    elseif size > WIRE.datagram_max then
        walk:bad(top, string.format("%d bytes: at most %d are allowed", size, WIRE.datagram_max))
    end
    local found = {}
    for _, field in ipairs(WIRE.header) do
        if walk.short then break end
        local from = walk.at
        local item, name = readers[field.kind](walk, top, "herzschlag." .. field.name, field)
        if item then
            found[field.name] = { item = item, name = name, range = not walk.short and tvb(from, field.size) }
        end
    end
    local message = found.type and WIRE.bodies[found.type.range:uint()]
    if not walk.short and size >= WIRE.header_bytes + WIRE.tag_bytes then
        walk.stop = size - WIRE.tag_bytes
        if found.version.range:uint() ~= WIRE.version then walk:bad(found.version.item, "there is no such version") end
        if found.flags.range:uint() ~= 0 then walk:bad(found.flags.item, "no flag is defined") end
        if found.sender.name == "" then walk:bad(found.sender.item, "it has no sender") end
        if found.body.range:uint() ~= size - WIRE.header_bytes - WIRE.tag_bytes then
            walk:bad(found.body.item, "the body is not as long as that")
        end
        if message and found.version.range:uint() == WIRE.version then
            local body = walk.at < walk.stop and top:add(tvb(walk.at, walk.stop - walk.at), message.name) or top
            for _, field in ipairs(message.fields) do
                if walk.short then break end
                readers[field.kind](walk, body, "herzschlag." .. message.label .. "." .. field.name, field)
            end
            if walk.at < walk.stop then walk:bad(body, string.format("%d bytes too many", walk.stop - walk.at)) end
        elseif not message then
            walk:bad(found.type.item, "there is no such message")
        end
        if not pinfo.in_error_pkt then verify(walk, tvb, top) end
    end
    local sender = found.sender and found.sender.name or "?"
    local label = message and message.name or "unknown message"
    top:append_text(string.format(": %s of %s", label, sender))
    if pinfo.in_error_pkt then return size end -- the packet is the error; its columns stay
    pinfo.cols.protocol = "Herzschlag"
    pinfo.cols.info = string.format("%s of %s%s%s", label, sender, walk.role and " as " .. walk.role or "",
        walk.malformed and " [malformed]" or "")
    return size
end

local bound
local function bind()
    local ports = DissectorTable.get("udp.port")
    if bound then ports:remove(bound, proto) end
    bound = proto.prefs.port
    ports:add(bound, proto)
end
proto.prefs_changed = bind
bind()
