CREATE DATABASE shop CHARACTER SET utf8mb4;
USE shop;
CREATE TABLE users (
  id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, email VARCHAR(60) NOT NULL, password_hash VARCHAR(60) NOT NULL);
INSERT INTO users VALUES
  (1, 'Ada', 'ada@example.com', '$2b$12$R9h'), (2, 'Boris', 'boris@example.com', '$2b$12$xQk'),
  (3, 'Chen', 'chen@example.com', '$2b$12$0Zm'), (4, 'Dora', 'dora@example.com', '$2b$12$7Lp');
CREATE TABLE products (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, price DECIMAL(8,2) NOT NULL, stock INT NOT NULL);
INSERT INTO products VALUES
  (1, 'tea', 3.50, 120), (2, 'coffee', 4.20, 80), (3, 'kettle', 29.00, 12), (4, 'cup', 6.90, 200),
  (5, 'spoon', 1.10, 500);
CREATE TABLE orders (
  id INT PRIMARY KEY AUTO_INCREMENT, user_id INT NOT NULL, product_id INT NOT NULL, amount INT NOT NULL,
  state VARCHAR(10) NOT NULL DEFAULT 'new');
INSERT INTO orders (user_id, product_id, amount, state) VALUES
  (1, 1, 2, 'sent'), (1, 3, 1, 'sent'), (2, 2, 4, 'new'), (3, 4, 6, 'new');
CREATE TABLE report_sales (month CHAR(7) PRIMARY KEY, revenue DECIMAL(10,2) NOT NULL);
INSERT INTO report_sales VALUES ('2025-01', 1204.50), ('2025-02', 998.20), ('2025-03', 1410.00);
CREATE TABLE payroll (user_id INT PRIMARY KEY, salary INT NOT NULL);
INSERT INTO payroll VALUES (1, 5200), (2, 4100), (3, 4700), (4, 3900);
