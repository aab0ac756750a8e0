-- A report of some twenty lines over four aliases of two tables, with new literals each time; few rows are touched.
sysbench.cmdline.options = {table_size = {"rows", 10000}, tables = {"tables", 1}}
function thread_init() con = sysbench.sql.driver():connect() end
function thread_done() con:disconnect() end
local text = [[
SELECT o.id AS order_id,
       c.k AS customer,
       CASE WHEN o.k > %d THEN 'large' WHEN o.k > %d THEN 'middle' ELSE 'small' END AS class,
       COUNT(*) AS items,
       SUM(i.k * 1.1) AS total,
       MAX(LENGTH(i.pad)) AS longest
FROM sbtest1 o
JOIN sbtest2 c ON c.id = o.id AND c.k BETWEEN 0 AND %d
LEFT JOIN sbtest1 i ON i.id = o.id + 1 AND i.pad <> 'x%d'
LEFT JOIN (SELECT r.id, COUNT(*) AS returns
           FROM sbtest2 r
           WHERE r.id BETWEEN %d AND %d
           GROUP BY r.id) AS back ON back.id = o.id
WHERE o.id BETWEEN %d AND %d
  AND c.pad NOT IN ('a', 'b', 'c')
  AND (o.c LIKE '%%1%%' OR o.c LIKE '%%%d%%')
  AND EXISTS (SELECT 1 FROM sbtest2 e WHERE e.id = o.id AND e.k >= 0)
GROUP BY o.id, c.k, class
HAVING items > 0
ORDER BY total DESC, o.id
LIMIT 50]]
function event()
   local id, n = sysbench.rand.uniform(1, sysbench.opt.table_size - 10), sysbench.rand.uniform(100000, 999999999)
   con:query(string.format(text, n, n + 1, n + 2, n + 3, id, id + 5, id, id + 5, n + 4))
end
