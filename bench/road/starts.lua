-- Starts executions with the API keys of a file in turn. Arguments: key file, path, body, value of Prefer or "-".
-- Requests are formatted once: the generator shares the machine with what it measures.
local requests = {}
local turn = 0

function init(args)
  for key in io.lines(args[1]) do
    local headers = { ["content-type"] = "application/json", ["authorization"] = "Bearer " .. key }
    if args[4] ~= "-" then headers["prefer"] = args[4] end
    requests[#requests + 1] = wrk.format("POST", args[2], headers, args[3])
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"refused":%d,"broken":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f}\n',
    summary.requests, e.status, e.connect + e.read + e.write + e.timeout, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
