CREATE PROCEDURE shop.sp_get_user_info(IN wanted INT) SELECT id, name FROM shop.users WHERE id = wanted;
CREATE PROCEDURE shop.sp_raise_salary(IN wanted INT) UPDATE shop.payroll SET salary = salary * 2 WHERE user_id = wanted;
CREATE USER app_service@'%' IDENTIFIED BY 'demo';
CREATE USER analyst@'%' IDENTIFIED BY 'demo';
CREATE USER newcomer@'%' IDENTIFIED BY 'demo';
CREATE USER intruder@'%' IDENTIFIED BY 'demo';
GRANT ALL ON *.* TO app_service@'%', analyst@'%', newcomer@'%', intruder@'%';
