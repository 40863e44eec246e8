-- For wrk: sends the requests of a file in turn, each line an Authorization header ("-" for none), a tab
-- and a body, or "GET" and a path, beginning at an offset. Arguments: file, offset, and "verify" to look into every answer.
local requests = {}
local at = 0
local threads = {}
-- Answers that tell of an error; global, so that done() can ask each thread for it.
failed = 0

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  for line in io.lines(args[1]) do
    local authorization, body = line:match('^([^\t]*)\t(.*)$')
    local headers = { ['Content-Type'] = 'application/json', ['Accept'] = 'application/json' }
    if authorization ~= '-' then headers['Authorization'] = authorization end
    local path = body:match('^GET (.+)$')
    requests[#requests + 1] = path and wrk.format('GET', path, headers) or wrk.format('POST', nil, headers, body)
  end
  at = tonumber(args[2]) % #requests
  if args[3] == 'verify' then
    function response(status, _, body)
      if status ~= 200 or body:find('"errors":', 1, true) then failed = failed + 1 end
    end
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local wrong = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout + summary.errors.status
  for _, thread in ipairs(threads) do wrong = wrong + thread:get('failed') end
  io.write(string.format('RESULT {"requests":%d,"seconds":%.6f,"bytes":%d,"p50":%.3f,"p99":%.3f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, wrong))
end
