-- wrk: pushes of one size, each with its own push-id and receiver.
-- Arguments: file with the body (@ID@ and @RECEIVER@ in it), content type,
-- first number. Prints one line of JSON at the end.

local first, before, between, after = 0, "", "", ""
local threads = {}

function setup(thread)
    table.insert(threads, thread)
    thread:set("id", #threads)
end

function init(args)
    local file = assert(io.open(args[1], "rb"))
    local body = file:read("*a")
    file:close()
    before, between, after = body:match("^(.*)@ID@(.*)@RECEIVER@(.*)$")
    wrk.method = "POST"
    wrk.headers["Content-Type"] = args[2]
    first = tonumber(args[3]) + id * 2000000
    number, accepted, refused = 0, 0, 0
end

function request()
    number = number + 1
    local name = string.format("%08d", first + number)
    return wrk.format(nil, nil, nil, before .. name .. between .. "+46" ..
        name .. after)
end

function response(status, headers, body)
    if body:find('"1001"', 1, true) then
        accepted = accepted + 1
    else
        refused = refused + 1
    end
end

function done(summary, latency)
    local accepted, refused = 0, 0
    for _, thread in ipairs(threads) do
        accepted = accepted + thread:get("accepted")
        refused = refused + thread:get("refused")
    end
    local errors = summary.errors
    io.write(string.format('\n{"accepted": %d, "refused": %d, ' ..
        '"errors": %d, "seconds": %.6f, "p50": %.6f, "p99": %.6f}\n',
        accepted, refused, errors.connect + errors.read + errors.write +
        errors.timeout, summary.duration / 1e6,
        latency:percentile(50) / 1e6, latency:percentile(99) / 1e6))
end
