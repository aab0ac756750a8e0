-- A connection, one query, and its end.
sysbench.cmdline.options = {table_size = {"rows", 10000}, tables = {"tables", 1}}
function thread_init() driver = sysbench.sql.driver() end
function event()
   local con = driver:connect()
   con:query(string.format("SELECT c FROM sbtest1 WHERE id=%d", sysbench.rand.uniform(1, sysbench.opt.table_size)))
   con:disconnect()
end
