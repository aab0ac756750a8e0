"""Statements that applications, frameworks, reports, drivers and tools send: no detector may fire on them.

Written after what Rails, Laravel, Prisma, Hibernate, SQLAlchemy, Django, WordPress, Magento, Drupal, Grafana, Metabase,
Looker, Tableau, Entity Framework, TypeORM, Connector/J and migration tools are known to send. `\\n` is a line end.
"""

from __future__ import annotations

from typing import Final

_TEXT: Final = r"""
SELECT 1
SELECT 1 FROM DUAL
SELECT VERSION()
SELECT DATABASE()
SELECT CURRENT_USER()
SELECT USER(), CONNECTION_ID(), @@version, @@version_comment LIMIT 1
SELECT @@session.tx_isolation
SELECT SCHEMA_NAME FROM information_schema.schemata WHERE schema_name = DATABASE()
select @@version_comment limit 1
SELECT `users`.* FROM `users` WHERE `users`.`id` = 1 LIMIT 1
SELECT 1 AS one FROM `users` WHERE `users`.`email` = 'a@b.c' LIMIT 1
SELECT COUNT(*) FROM `users` WHERE `users`.`active` = TRUE AND (1=0)
SELECT `users`.* FROM `users` WHERE 1=0
SELECT `users`.* FROM `users` WHERE (1=1) AND `users`.`id` != 5
SELECT `users`.* FROM `users` WHERE `users`.`id` = 1 AND 1=0
SELECT `users`.* FROM `users` WHERE (`users`.`id` = 1 OR 1=0)
SELECT `users`.* FROM `users` WHERE (`users`.`name` = 'x' OR `users`.`id` IN (1, 2)) AND 1=1
select * from `users` where 0 = 1
select * from `users` where `active` = 1 and 0 = 1
select * from `users` where `active` = 1 and 1 = 1
select * from `users` where (`active` = 1 or 0 = 1)
select exists(select * from `users` where `email` = 'x') as `exists`
select count(*) as aggregate from `users` where `email` = 'x' and `id` <> 5
select * from `users` where exists (select * from `posts` where `users`.`id` = `posts`.`user_id`) limit 20 offset 40
select * from `jobs` where `queue` = 'default' and ((`reserved_at` is null and `available_at` <= 1700000000) or (`reserved_at` <= 1699999910)) order by `id` asc limit 1 for update
select * from `destinations` order by (select `arrived_at` from `flights` where `destination_id` = `destinations`.`id` order by `arrived_at` desc limit 1) desc
update `users` set `remember_token` = 'abc', `users`.`updated_at` = '2024-01-01 00:00:00' where `id` = 1
insert into `users` (`name`, `email`) values ('O\'Brien', 'x'), ('1=1', 'or 1=1 --')
insert into `t` (`a`) values ('a') on duplicate key update `a` = values(`a`), `b` = `b` + 1
select * from `cache` where `key` in ('laravel_cache_5c785c036466adea360111aa28563bfd556b5fba')
SELECT `main`.`users`.`id`, `main`.`users`.`name` FROM `main`.`users` WHERE (`main`.`users`.`email` = ? AND 1=1) LIMIT ? OFFSET ?
SELECT `main`.`users`.`id` FROM `main`.`users` WHERE 1=1
SELECT `main`.`users`.`id` FROM `main`.`users` WHERE 1=0
SELECT `main`.`users`.`id` FROM `main`.`users` WHERE (1=0 AND `main`.`users`.`id` = 3)
SELECT `t1`.`id` FROM `t1` WHERE (`t1`.`id`) IN (SELECT `t0`.`id` FROM `t2` AS `t0` WHERE (`t0`.`x` = 1 AND `t0`.`id` IS NOT NULL))
SELECT GET_LOCK('prisma_migrate', 10)
SELECT RELEASE_LOCK('prisma_migrate')
SELECT GET_LOCK('1889386486', 0) AS t0
SELECT CONNECTION_ID(), GET_LOCK('flyway', 10)
select u1_0.id,u1_0.name from users u1_0 where u1_0.name like 'a%' escape '!' and u1_0.active=1 limit 0,10
select count(u.id)>0 from User u where u.email='x'
select case when count(u1_0.id)>0 then 1 else 0 end from users u1_0 where u1_0.email='x'
select p1_0.id from post p1_0 where (1=1) and p1_0.x=1
select distinct u from t where (null is null or u = null) and ('abc' is null or name = 'abc')
select * from orders where ('all' = 'all' or status = 'all') and (0 = 0 or user_id = 0)
select * from orders where (status = 'new' or 'new' = 'all') and (user_id = 5 or 5 = 0)
select * from orders where (5 is null or user_id = 5) order by case when 'date' = 'date' then created end desc, case when 'date' = 'total' then total end
SELECT * FROM products WHERE ('' = '' OR name LIKE '%%') AND price BETWEEN 0 AND 100
SELECT users.id FROM users WHERE (users.id NOT IN (NULL) OR (1 = 1))
SELECT users.id FROM users WHERE users.id NOT IN (NULL) OR (1 = 1)
SELECT users.id FROM users WHERE users.id IN (SELECT 1 FROM (SELECT 1) AS x WHERE 1!=1)
SELECT users.id FROM users WHERE false = 1
SELECT users.id FROM users WHERE true
SELECT users.id FROM users WHERE users.a = 1 AND true
SELECT CAST('test plain returns' AS CHAR(60)) AS anon_1
SELECT (1) AS `a` FROM `auth_user` WHERE `auth_user`.`username` = 'x' LIMIT 1
SELECT COUNT(*) FROM (SELECT DISTINCT `a`.`id` AS `col1` FROM `a` WHERE NOT (`a`.`x` IS NULL)) subquery
SELECT `a`.`id` FROM `a` WHERE NOT EXISTS(SELECT 1 AS `a` FROM `b` U0 WHERE (U0.`a_id` = (`a`.`id`) AND U0.`x` = 1) LIMIT 1)
SELECT `a`.`id`, (SELECT COUNT(*) FROM `b` U0 WHERE U0.`a_id` = (`a`.`id`)) AS `n` FROM `a` WHERE (SELECT U0.`name` FROM `b` U0 WHERE U0.`a_id` = (`a`.`id`) LIMIT 1) LIKE BINARY 'a%'
SELECT 'active' AS kind, id, name FROM users WHERE active = 1 UNION ALL SELECT 'deleted', id, name FROM users_deleted WHERE active = 0
SELECT 'x' AS kind, id FROM a UNION ALL SELECT 'y', id FROM b
SELECT 0 AS id, 'All' AS name UNION SELECT id, name FROM categories ORDER BY name
SELECT id, name FROM categories UNION SELECT 0, 'All' ORDER BY 1
SELECT id, name FROM categories WHERE active = 1 UNION SELECT 0 AS id, 'All' AS name ORDER BY name
SELECT id, total, NULL AS refund FROM orders WHERE user_id = 5 UNION ALL SELECT id, NULL, amount FROM refunds WHERE user_id = 5
(SELECT id, 'post' AS type FROM posts WHERE title LIKE '%x%') UNION (SELECT id, 'page' AS type FROM pages WHERE title LIKE '%x%') ORDER BY id LIMIT 10
SELECT d.n FROM (SELECT 0 n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) d LEFT JOIN t ON t.day = d.n WHERE d.n < 7
WITH RECURSIVE seq AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM seq WHERE n < 100) SELECT n FROM seq
WITH RECURSIVE tree AS (SELECT id, parent_id, 0 AS lvl FROM cat WHERE parent_id IS NULL UNION ALL SELECT c.id, c.parent_id, t.lvl + 1 FROM cat c JOIN tree t ON c.parent_id = t.id) SELECT * FROM tree
WITH RECURSIVE tree AS (SELECT id, parent_id, 0 AS lvl FROM cat WHERE id = 5 UNION ALL SELECT c.id, c.parent_id, t.lvl + 1 FROM cat c JOIN tree t ON c.parent_id = t.id) SELECT * FROM tree
SELECT SUM(CASE WHEN status = 'paid' THEN total ELSE 0 END) / NULLIF(SUM(total), 0) AS r FROM orders GROUP BY user_id HAVING COUNT(*) > 5 AND SUM(total) > 100
SELECT COUNT(1) FROM t HAVING (COUNT(1) > 0)
SELECT SUM(1) AS `sum` FROM t HAVING (COUNT(1) > 0)
SELECT `t`.`a` AS `a`, SUM(`t`.`b`) AS `s` FROM `t` WHERE ((`t`.`d` >= TIMESTAMP('2024-01-01')) AND (`t`.`d` < TIMESTAMP('2024-02-01'))) GROUP BY 1 HAVING (1 = 1)
SELECT UNIX_TIMESTAMP(created) DIV 300 * 300 AS time_sec, COUNT(*) AS value, 'orders' AS metric FROM orders WHERE created BETWEEN FROM_UNIXTIME(1700000000) AND FROM_UNIXTIME(1700003600) GROUP BY 1 ORDER BY 1
SELECT host AS metric, cpu FROM m WHERE time >= FROM_UNIXTIME(1) AND time <= FROM_UNIXTIME(2) AND ('All' = 'All' OR host IN ('web1','web2'))
SELECT STR_TO_DATE(CONCAT(DATE_FORMAT(`source`.`created`, '%Y-%m'), '-01'), '%Y-%m-%d') AS `created`, COUNT(*) AS `count` FROM `source` WHERE (`source`.`x` <> 'y' OR `source`.`x` IS NULL) GROUP BY 1
SELECT orders.id FROM orders WHERE ((1=1 -- no filter on 'orders.date'\n)) AND orders.x = 1 LIMIT 500
/* app:web,controller:users */ SELECT * FROM users WHERE id = 5
SELECT * FROM users WHERE id = 5 /*application:App,controller:users,action:index*/
SELECT * FROM users WHERE id = 5 /*traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',route='/users'*/
SELECT * FROM users WHERE id = 5 -- name: GetUser :one
SELECT * FROM users WHERE id = 5 # fetch the user's orders
SELECT * FROM users WHERE id = 5 -- don't cache this
SELECT * FROM users WHERE id = 5 -- trailing
SELECT * FROM users WHERE id = 5 -- (see ticket 123)
SELECT * FROM users WHERE id = 5 -- app='web',trace='123'
-- name: ListUsers\nSELECT id FROM users
SELECT id, -- the key\n name -- it's the name\n FROM users WHERE id = 1
SELECT id -- user's id (pk)\n FROM users
SELECT option_name, option_value FROM wp_options WHERE autoload = 'yes'
SELECT SQL_CALC_FOUND_ROWS wp_posts.ID FROM wp_posts WHERE 1=1 AND ((wp_posts.post_type = 'post' AND (wp_posts.post_status = 'publish' OR wp_posts.post_status = 'private'))) ORDER BY wp_posts.post_date DESC LIMIT 0, 10
SELECT wp_posts.ID FROM wp_posts WHERE 1=1 AND wp_posts.ID IN (1,2) AND (((wp_posts.post_title LIKE '{abc}foo{abc}') OR (wp_posts.post_content LIKE '%foo%'))) ORDER BY wp_posts.post_title LIKE '%foo%' DESC, wp_posts.post_date DESC
SELECT wp_posts.* FROM wp_posts WHERE 1=1 AND 0=1 ORDER BY id
SELECT wp_posts.ID FROM wp_posts INNER JOIN wp_postmeta ON ( wp_posts.ID = wp_postmeta.post_id ) WHERE 1=1 AND ( ( wp_postmeta.meta_key = 'a' AND CAST(wp_postmeta.meta_value AS SIGNED) >= '5' ) ) GROUP BY wp_posts.ID ORDER BY wp_posts.post_date DESC LIMIT 0, 10
SELECT t.*, tt.* FROM wp_terms AS t INNER JOIN wp_term_taxonomy AS tt ON t.term_id = tt.term_id WHERE tt.taxonomy IN ('category') AND t.slug IN ('uncategorized')
SELECT e.entity_id FROM catalog_product_entity e INNER JOIN catalog_category_product_index cat_index ON cat_index.product_id=e.entity_id AND cat_index.store_id=1 AND cat_index.visibility IN(2, 4) AND cat_index.category_id=5 WHERE ((1)) LIMIT 12
SELECT IF(a.x > 0, a.x, b.x) AS x, IFNULL(b.y, 0) FROM a LEFT JOIN b ON a.id = b.id AND b.store_id = 1 WHERE (a.type = 'simple') AND (a.z IS NULL OR a.z = '')
SELECT 1 AS expression FROM users_field_data base_table WHERE base_table.uid = 1 LIMIT 1 OFFSET 0
SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = (SELECT DATABASE()) AND TABLE_TYPE = 'BASE TABLE'
SELECT * FROM `INFORMATION_SCHEMA`.`COLUMNS` WHERE `TABLE_SCHEMA` = 'shop' AND `TABLE_NAME` = 'users'
SELECT DATABASE() AS `db_name`
SELECT table_name, engine FROM information_schema.tables t WHERE t.table_schema NOT IN ('mysql','sys') AND EXISTS (SELECT 1 FROM information_schema.columns c WHERE c.table_name = t.table_name)
SELECT (SELECT COUNT(*) FROM information_schema.tables) AS tables, (SELECT COUNT(*) FROM users) AS users
SELECT user, host FROM mysql.user WHERE user NOT LIKE 'mysql.%'
SELECT digest_text, count_star FROM performance_schema.events_statements_summary_by_digest ORDER BY sum_timer_wait DESC LIMIT 10
SELECT k.constraint_name, k.column_name FROM information_schema.table_constraints t JOIN information_schema.key_column_usage k USING(constraint_name,table_schema,table_name) WHERE t.constraint_type='PRIMARY KEY' AND t.table_schema='shop' AND t.table_name='users'
SELECT * FROM (SELECT information_schema.tables.table_name FROM information_schema.tables) x WHERE 1=1
INSERT INTO stats SELECT table_name, data_length FROM information_schema.tables WHERE table_schema = 'shop'
SELECT c.*, (SELECT COUNT(*) FROM orders o WHERE o.customer_id = c.id) AS n FROM customers c WHERE price > (SELECT AVG(price) FROM products)
INSERT INTO t (a) SELECT 1 FROM DUAL WHERE NOT EXISTS (SELECT * FROM t)
INSERT INTO t (a, b) SELECT 'x', 5 WHERE NOT EXISTS (SELECT 1 FROM t WHERE a = 'x')
UPDATE counters SET n = LAST_INSERT_ID(n + 1) WHERE id = 1
UPDATE users SET active = (status = 'ok') , flag = a > b WHERE id = 5
UPDATE users SET age = age - 1, name = CONCAT('-', name) WHERE id = 5 AND version = 3
UPDATE users SET is_big = total > 100 WHERE id IN (1,2,3)
UPDATE a INNER JOIN b ON a.id = b.id SET a.x = IF(b.y = 1, 'a', 'b'), a.z = CASE WHEN b.k = 2 THEN 1 ELSE 0 END WHERE a.id = 5
UPDATE t SET ord = CASE id WHEN 1 THEN 3 WHEN 2 THEN 1 END WHERE id IN (1, 2)
DELETE FROM sessions WHERE expires < UNIX_TIMESTAMP() OR user_id IS NULL
DELETE FROM t WHERE id = 5 AND NOW() > created
SELECT * FROM t WHERE (expires IS NULL OR NOW() < expires) AND start <= CURDATE()
SELECT * FROM t WHERE a = 1 AND CURDATE() BETWEEN start AND end
SELECT * FROM events WHERE MOD(id, 10) = 3 AND RAND() < 0.01
SELECT * FROM t ORDER BY RAND() LIMIT 5
SELECT * FROM t ORDER BY FIELD(id, 3, 1, 2)
SELECT * FROM t ORDER BY id = 5 DESC, name
SELECT * FROM t ORDER BY IF(priority IS NULL, 1, 0), priority
SELECT * FROM t ORDER BY CASE WHEN status = 'open' THEN 0 ELSE 1 END, created DESC
SELECT * FROM t ORDER BY NULL
SELECT * FROM t ORDER BY -id
SELECT LEFT(name, 1) AS letter, COUNT(*) FROM users GROUP BY LEFT(name, 1)
SELECT * FROM users WHERE LEFT(name, 1) = 'A' OR SUBSTRING(name, 1, 1) = 'B'
SELECT CONCAT(first_name, ' ', last_name) AS n, CONCAT_WS(',', a, b) FROM users WHERE CONCAT(first_name, ' ', last_name) LIKE '%x%'
SELECT HEX(id), LENGTH(data) FROM files WHERE LENGTH(data) > 100 AND id = UNHEX('0123')
SELECT * FROM t WHERE id = 0x0123456789abcdef0123456789abcdef
SELECT * FROM t WHERE uuid = UUID_TO_BIN('6ccd780c-baba-1026-9564-5b8c656024db', 1)
INSERT INTO t (id, b) VALUES (UUID_TO_BIN(UUID()), x'00ff')
SELECT ExtractValue(doc, '/a/b') FROM xmls WHERE ExtractValue(doc, '/a/c') = '5'
SELECT EXP(x) , FLOOR(RAND() * 100) FROM t
SELECT ST_AsText(g), ST_Distance_Sphere(POINT(1.5, 2.5), g) FROM places WHERE MBRContains(ST_GeomFromText('POLYGON((0 0,0 1,1 1,1 0,0 0))'), g)
SELECT JSON_KEYS(meta), meta->>'$.a' FROM t WHERE JSON_CONTAINS(meta, '1', '$.b') AND meta->'$.c' = 5
SELECT CONVERT_TZ(created, @@session.time_zone, '+00:00') FROM orders WHERE created > '2024-01-01'
SELECT * FROM t WHERE created_by = CURRENT_USER() AND tenant = SUBSTRING_INDEX(USER(), '@', 1)
SELECT @rownum := @rownum + 1 AS n, t.* FROM t, (SELECT @rownum := 0) r ORDER BY x
SELECT * FROM a, b WHERE a.id = b.id AND a.x = 1 AND b.y = 'z'
SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) AS rn, LAG(x, 1) OVER (ORDER BY y) FROM t
SELECT SUM(x) OVER (ORDER BY y ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t
SELECT * FROM t WHERE (a, b) IN ((1, 2), (3, 4)) AND (c, d) > (5, 6)
SELECT * FROM t WHERE (a > 5 OR (a = 5 AND b > 7)) ORDER BY a, b LIMIT 20
SELECT * FROM t WHERE NOT (a = 1 AND b = 2) AND a <=> NULL
SELECT * FROM t WHERE a IS TRUE AND b IS NOT FALSE AND (c = 1) IS NOT TRUE
SELECT * FROM t WHERE MATCH(title, body) AGAINST ('+a -b' IN BOOLEAN MODE) AND x = 1
SELECT * FROM t WHERE name LIKE '%' OR email LIKE '%'
SELECT * FROM t WHERE a & 4 = 4 AND b | 1 AND flags & (1 << 3)
SELECT * FROM t WHERE a = 'x' COLLATE utf8mb4_bin AND BINARY b = 'y'
SELECT * FROM t USE INDEX (a) WHERE a BETWEEN '2024-01-01' AND '2024-12-31' AND b = 3 FOR UPDATE
SELECT DATE_FORMAT(d, '%Y') y, COUNT(DISTINCT u) FROM t WHERE d >= DATE_SUB(NOW(), INTERVAL 30 DAY) AND d < NOW() + INTERVAL 1 DAY GROUP BY y WITH ROLLUP
SELECT * FROM orders WHERE DATE('2024-01-01') <= created AND created < '2024-02-01' AND YEAR(created) = 2024
SELECT COALESCE(SUM(x), 0) FROM t WHERE y = 5 HAVING COALESCE(SUM(x), 0) > 0
SELECT IF(EXISTS(SELECT 1 FROM t WHERE id = 5), 1, 0) AS e
SELECT EXISTS(SELECT 1 FROM t WHERE id = 5 LIMIT 1)
SELECT NOT EXISTS(SELECT 1 FROM t WHERE id = 5)
SET @s = (SELECT IF((SELECT COUNT(*) FROM INFORMATION_SCHEMA.COLUMNS WHERE table_name = 't' AND table_schema = DATABASE() AND column_name = 'c') > 0, 'SELECT 1', 'ALTER TABLE t ADD c INT'))
CREATE TABLE t (a INT DEFAULT 0, b VARCHAR(10) DEFAULT 'x', CHECK (a > 0 AND b <> '')) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
ALTER TABLE t ADD COLUMN x INT NOT NULL DEFAULT 1, ALGORITHM=INPLACE, LOCK=NONE
CREATE VIEW v AS SELECT 1 AS a UNION SELECT 2
INSERT INTO t VALUES (1, -5, 'a-b', 3 * 4, 'x' 'y', NOW() - INTERVAL 1 DAY)
INSERT INTO t VALUES ('a', CONCAT('b', '-', 'c'), -1)
INSERT INTO blog (`title`) VALUES ('x'); SELECT `Id` FROM `blog` WHERE ROW_COUNT() = 1 AND `Id` = LAST_INSERT_ID()
UPDATE t SET a = 1 WHERE id = 5; SELECT ROW_COUNT()
SELECT * FROM a WHERE id = 1; SELECT * FROM b WHERE a_id = 1
BEGIN; INSERT INTO t VALUES (1); UPDATE u SET x = 1 WHERE id = 2; COMMIT
INSERT INTO a VALUES (1); INSERT INTO b VALUES (2); DELETE FROM c WHERE id = 3
CREATE TABLE x (a INT); INSERT INTO x VALUES (1); ALTER TABLE x ADD b INT
SET FOREIGN_KEY_CHECKS=0; DROP TABLE IF EXISTS a; SET FOREIGN_KEY_CHECKS=1
SELECT SLEEP_TIME, sleep FROM t WHERE sleep = 5
SELECT * FROM t WHERE benchmark = 'x' AND version = 3 AND database_name = 'a'
SELECT char_length(name), ascii(name) FROM users ORDER BY ascii(name)
SELECT * FROM t WHERE note = 'UNION SELECT 1,2,3 -- OR 1=1' AND x = 'it''s' OR y = '\'OR 1=1'
SELECT * FROM search WHERE q = '1 OR 1=1'
SELECT CHAR(10), CONCAT(a, CHAR(13, 10), b), CONCAT(a, 0x0a, b), REPLACE(x, CHAR(9), ' ') FROM t
SELECT GROUP_CONCAT(CONCAT(a, ':', b) SEPARATOR ';') FROM t WHERE c = 1
SHOW VARIABLES WHERE Variable_name = 'a' OR Variable_name = 'b'
SHOW FULL COLUMNS FROM `t` FROM `d` WHERE Field = 'x' AND Type LIKE 'int%'
EXPLAIN SELECT * FROM t WHERE a = 1 AND b = 2
CALL sp_x(1, 'a', NULL)
DO 1
SELECT * FROM t WHERE a = 1 OR a = 2 OR (b = 3 AND c = 4) XOR d = 5
SELECT t.a = 1 AND t.b = 2 AS flag, t.c OR t.d FROM t
SELECT * FROM t WHERE 2 > a AND 5 = b
SELECT * FROM t WHERE 'abc' = name AND 5 IN (a, b)
SELECT * FROM t WHERE 'x' IN (a, b) OR 'y' LIKE CONCAT('%', name, '%')
SELECT * FROM t WHERE ? = '' OR name = ?
SELECT * FROM t WHERE (@x IS NULL OR a = @x)
SELECT * FROM t WHERE a = b AND b = b + 0
SELECT CASE WHEN 'week' = 'day' THEN DATE(d) WHEN 'week' = 'week' THEN YEARWEEK(d) END AS p, COUNT(*) FROM t WHERE x = 1 GROUP BY p
SELECT * FROM t WHERE IF(5 = 0, TRUE, id = 5) AND x = 1
SELECT * FROM t WHERE CASE WHEN 0 = 1 THEN a = 1 ELSE b = 2 END
SELECT COUNT(*) FROM t WHERE created > CURRENT_TIMESTAMP - INTERVAL 5 MINUTE OR updated > CURRENT_TIMESTAMP
SELECT * FROM a LEFT JOIN b ON a.id = b.id AND 1 = 1 WHERE a.x = 1
SELECT * FROM a JOIN b ON 1=1 WHERE a.x = b.x
SELECT * FROM a INNER JOIN (SELECT 1) x ON TRUE
SELECT SUM(a = 1), SUM(b > 2 AND c < 3) FROM t
SELECT MAX(id) FROM t WHERE id % 2 = 0 AND id DIV 10 = 5
SELECT * FROM log WHERE level IN ('error','warn') AND ts > '2024-01-01' AND message NOT LIKE '%x%' ORDER BY ts DESC LIMIT 100
SELECT * FROM t FOR SYSTEM_TIME AS OF '2024-01-01' WHERE a = 1
SELECT NULL AS TABLE_CAT, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA LIKE 'shop' AND TABLE_NAME LIKE '%' HAVING TABLE_NAME IN ('a',NULL,NULL,NULL) ORDER BY 1
SELECT A.REFERENCED_TABLE_SCHEMA AS PKTABLE_CAT, NULL AS X FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE A, INFORMATION_SCHEMA.TABLE_CONSTRAINTS B WHERE A.TABLE_SCHEMA = B.TABLE_SCHEMA AND B.CONSTRAINT_TYPE = 'FOREIGN KEY'
SELECT variable_name, variable_value FROM performance_schema.global_status WHERE variable_name IN ('Threads_running') UNION ALL SELECT 'x', COUNT(*) FROM information_schema.processlist
SELECT t.table_schema, SUM(data_length) FROM information_schema.tables t GROUP BY t.table_schema HAVING SUM(data_length) > 0
select t.table_name from information_schema.tables t, information_schema.columns c where t.table_name = c.table_name and t.table_schema = 'x'
SELECT a FROM t WHERE b = (SELECT MAX(b) FROM t) AND c = 1
SELECT a FROM t WHERE b IN (SELECT id FROM u) AND c = 1
SELECT a FROM t WHERE (SELECT COUNT(*) FROM u WHERE u.t_id = t.id) > 5 AND c = 1
SELECT a FROM t WHERE c = 1 AND (SELECT COUNT(*) FROM u JOIN v ON u.id = v.id AND v.t = t.id) > 0
SELECT a FROM t WHERE c = 1 AND EXISTS (SELECT NULL FROM u WHERE u.x = t.x)
SELECT id, name FROM users WHERE id = 5 UNION SELECT id, name FROM users_archive WHERE id = 5
SELECT id, name, 0 FROM users WHERE id = 5 UNION ALL SELECT id, name, 1 FROM admins WHERE id = 5
SELECT user_id, 1 AS src FROM a WHERE x = 1 UNION SELECT user_id, 2 FROM b
SELECT date, amount FROM sales WHERE y = 2024 UNION ALL SELECT 'Total', SUM(amount) FROM sales WHERE y = 2024
SELECT name, total FROM s WHERE y = 2024 UNION ALL SELECT 'Total', SUM(total) FROM s
SELECT * FROM a WHERE x = 1 UNION ALL SELECT * FROM b WHERE x = 1
SELECT x FROM a WHERE x > 5 INTERSECT SELECT x FROM b WHERE x > 5
"""

HONEST: Final = [line.replace("\\n", "\n") for line in _TEXT.strip().splitlines()]
