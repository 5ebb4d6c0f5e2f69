-- wrk script: what to send, by the words after "--", and the figures of the run in one line at the end.
local senders = {}

-- The request of the command line, N times in one write.
function senders.pipeline(depth)
  local all = string.rep(wrk.format(), tonumber(depth))
  request = function() return all end
end

-- N bytes of body. wrk formats the request once, after init.
function senders.upload(bytes)
  wrk.method = "POST"
  wrk.body = string.rep("x", tonumber(bytes))
end

-- A response, which an echo server sends back. wrk checks the first request that it is given, so that one is valid.
function senders.echo()
  local valid = wrk.format()
  local echoed = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!"
  local isFirst = true
  request = function()
    if isFirst then
      isFirst = false
      return valid
    end
    return echoed
  end
end

-- Every request as the last one of its connection; or every Nth, so that a connection has N of them on average.
function senders.close(every)
  local kept = wrk.format()
  local last = wrk.format(nil, nil, { ["Host"] = wrk.headers["Host"], ["Connection"] = "close" })
  local count = 0
  request = function()
    count = count + 1
    return count % tonumber(every) == 0 and last or kept
  end
end

-- "paced" and a number, if they come first, are the milliseconds that a connection rests before each request on
-- average: anything up to twice as long, so that connections do not march in step. Then come a sender and its argument.
init = function(args)
  local word = 1
  if args[word] == "paced" then
    local pause_ms = tonumber(args[word + 1])
    math.randomseed(os.time())
    delay = function() return math.random(0, 2 * pause_ms) end
    word = word + 2
  end
  local sender = senders[args[word]]
  if sender then sender(args[word + 1]) end
end

-- Durations are in microseconds.
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "figures: requests=%d duration=%d p50=%.0f p99=%.0f p999=%.0f connect=%d read=%d write=%d timeout=%d status=%d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
