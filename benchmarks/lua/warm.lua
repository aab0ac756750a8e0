-- One statement shape. --vary=off: 20 distinct texts; --vary=on: new literals in each statement, the same work for the server.
sysbench.cmdline.options = {table_size = {"rows", 10000}, tables = {"tables", 1}, vary = {"new literals", false}}
function thread_init() con = sysbench.sql.driver():connect() end
function thread_done() con:disconnect() end
function event()
   local id, other = 0, 200000000
   if sysbench.opt.vary then
      id, other = sysbench.rand.uniform(1, sysbench.opt.table_size), sysbench.rand.uniform(100000001, 199999999)
   else
      id = sysbench.rand.uniform(1, 20)
   end
   con:query(string.format("SELECT c FROM sbtest1 WHERE id=%d AND k<>%d", id, other))
end
