-- wrk script: the request of the command line, N times in one write (wrk ... -- N).
init = function(args)
  local one = wrk.format()
  local depth = tonumber(args[1]) or 16
  local all = {}
  for i = 1, depth do all[i] = one end
  pipelined = table.concat(all)
end

request = function() return pipelined end
