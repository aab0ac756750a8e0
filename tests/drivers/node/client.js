// node's mysql2 does the session of tests/drivers/clients and prints what it saw. Arguments: HOST PORT USER PASSWORD.
"use strict";
const mysql = require("mysql2/promise");

const BY_ID = "SELECT name, price FROM products WHERE id = ?";
const INSERT = "INSERT INTO orders (product, amount, note) VALUES (?, ?, ?)";
const COUNT = "SELECT COUNT(*) FROM orders";

async function main() {
  const [host, port, user, password] = process.argv.slice(2);
  const seen = {};
  const connection = await mysql.createConnection({
    host, port: Number(port), user, password, database: "shop", multipleStatements: true, rowsAsArray: true,
  });
  const rows = async (text) => (await connection.query(text))[0];
  const prepared = async (text, values) => (await connection.execute(text, values))[0];
  const failure = async (text) => {
    try { await rows(text); return null; } catch (error) { return error; }
  };

  seen.text = await rows("SELECT id, name, price FROM products ORDER BY id");
  seen.prepared = [await prepared(BY_ID, [2]), await prepared(BY_ID, [3]), await prepared(BY_ID, [2])];
  const counts = [];
  await connection.beginTransaction();
  await prepared(INSERT, [1, 5, "rolled back"]);
  await connection.rollback();
  counts.push(await rows(COUNT));
  await connection.beginTransaction();
  await prepared(INSERT, [1, 2, "it's"]);
  await prepared(INSERT, [2, 3, null]);
  await connection.commit();
  counts.push(await rows(COUNT));
  seen.transaction = counts;
  seen.error = (await failure("SELECT id FROM missing")).errno;
  const called = await rows("CALL two_results(2)");
  seen.multi = [called.slice(0, 2), await rows("SELECT 1; SELECT name FROM products WHERE id = 2; SELECT 3")];
  const big = await rows("SELECT id, body FROM big ORDER BY id");
  seen.big = [big.length, big.reduce((sum, row) => sum + row[1].length, 0)];
  const blocked = await failure("SELECT id, secret FROM secrets");
  seen.blocked = blocked && [blocked.errno, blocked.message];
  seen.after = await rows("SELECT name FROM products WHERE id = 3");
  connection.unprepare(BY_ID);
  await connection.changeUser({ user, password, database: "shop" });
  seen.changed = await rows("SELECT DATABASE()");
  await connection.ping();
  await connection.end();
  console.log(JSON.stringify(seen));
}

main().catch((error) => { console.error(error); process.exit(1); });
