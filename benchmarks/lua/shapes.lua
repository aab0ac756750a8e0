-- Statements that differ in their shape: an alias out of --shapes; 0 = a new one each time.
sysbench.cmdline.options = {table_size = {"rows", 10000}, tables = {"tables", 1}, shapes = {"distinct shapes", 0}}
function thread_init()
   con = sysbench.sql.driver():connect()
   made = 0
   start = sysbench.rand.uniform(1, 1000000000)
end
function thread_done() con:disconnect() end
function event()
   local alias
   if sysbench.opt.shapes == 0 then
      made = made + 1
      alias = string.format("a%d_%d_%d", start, sysbench.tid, made)
   else
      alias = string.format("a%d", sysbench.rand.uniform(1, sysbench.opt.shapes))
   end
   con:query(string.format("SELECT c AS %s FROM sbtest1 WHERE id=%d", alias, sysbench.rand.uniform(1, sysbench.opt.table_size)))
end
