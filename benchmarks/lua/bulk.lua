-- The whole of a table of 20,000 rows of 1,000 bytes in one result.
sysbench.cmdline.options = {table_size = {"rows", 10000}, tables = {"tables", 1}}
function thread_init() con = sysbench.sql.driver():connect() end
function thread_done() con:disconnect() end
function event() con:query("SELECT body FROM sbtestbulk") end
