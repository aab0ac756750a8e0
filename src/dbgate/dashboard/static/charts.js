// The overview's charts: history from /points, then one point of each gateway with every message of the stream.
(function () {
  "use strict";
  var root = document.getElementById("charts");
  if (!root || !window.uPlot) return;
  var MOST = 450;
  var gateways = []; // {name, points}
  var charts = {};

  function color(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }
  function byTick() {
    // One row of times for all gateways: looks that were made in the same two seconds belong together.
    var rows = new Map();
    gateways.forEach(function (gateway, index) {
      gateway.points.forEach(function (point) {
        var key = Math.round(point.t / 2) * 2;
        if (!rows.has(key)) rows.set(key, new Array(gateways.length).fill(null));
        rows.get(key)[index] = point;
      });
    });
    var times = Array.from(rows.keys()).sort(function (a, b) { return a - b; });
    return { times: times, rows: times.map(function (time) { return rows.get(time); }) };
  }
  function worst(row, key) {
    var found = null;
    row.forEach(function (point) {
      if (point && point[key] !== null && (found === null || point[key] > found)) found = point[key];
    });
    return found === null ? null : found / 1000;
  }
  function data(key, ticks) {
    if (key === "latency") {
      return [ticks.times].concat(["p50", "p95", "p99"].map(function (name) {
        return ticks.rows.map(function (row) { return worst(row, name); });
      }));
    }
    return [ticks.times].concat(gateways.map(function (_, index) {
      var points = gateways[index].points;
      return ticks.rows.map(function (row, number) {
        // A gateway that was not looked at in this very tick leaves no gap (undefined); one that did not answer does (null).
        // At the end its latest look counts, which may be of the tick before.
        var point = row[index] || (number === ticks.rows.length - 1 ? points[points.length - 1] : null);
        return point ? point[key] : undefined;
      });
    }));
  }
  function names(key) {
    return key === "latency" ? ["p50", "p95", "p99"] : gateways.map(function (gateway) { return gateway.name; });
  }
  function number(value) {
    if (value === null || value === undefined) return "–";
    return value >= 100 ? Math.round(value).toLocaleString("en") : String(Math.round(value * 100) / 100);
  }
  function make(element) {
    var key = element.dataset.chart;
    var grid = { stroke: color("--line"), width: 1 };
    var axis = { stroke: color("--muted"), grid: grid, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    var series = [{ value: function (_, v) { return v ? new Date(v * 1000).toISOString().slice(11, 19) : "–"; }, label: "Time" }];
    names(key).forEach(function (name, index) {
      var stroke = color("--series-" + ((index % 6) + 1));
      series.push({
        label: name, stroke: stroke, width: 2, spanGaps: false,
        fill: names(key).length === 1 ? color("--series-fill") : undefined,
        points: { show: false }, value: function (_, v) { return number(v); }
      });
    });
    element.textContent = "";
    var chart = new window.uPlot({
      width: Math.max(200, element.clientWidth), height: 170, series: series, legend: { live: true },
      cursor: { y: false, points: { size: 7 } },
      hooks: { setCursor: [function (self) { if (self.cursor.idx === null || self.cursor.idx === undefined) latest(self); }] },
      scales: { x: { range: function (_, low, high) { return [Math.min(low, high - 120), high]; } }, y: { range: function (_, low, high) { return [0, Math.max(1, (high || 0) * 1.1)]; } } },
      axes: [
        Object.assign({}, axis, { values: function (_, splits) {
          return splits.map(function (v, n) { return new Date(v * 1000).toISOString().slice(11, 16) + (n === splits.length - 1 ? " UTC" : ""); });
        }, incrs: [60, 120, 300, 600], space: 60, size: 32 }),
        Object.assign({}, axis, { size: 46, values: function (_, splits) { return splits.map(number); } })
      ]
    }, data(key, byTick()), element);
    charts[key] = chart;
    tell(element, key);
    latest(chart);
  }
  // With no pointer on the chart its legend says how things are now.
  function latest(chart) {
    if (chart.data[0].length) chart.setLegend({ idx: chart.data[0].length - 1 });
  }
  function tell(element, key) {
    var chart = charts[key];
    var words = names(key).map(function (name, index) {
      var values = chart.data[index + 1];
      return name + " " + number(values[values.length - 1]);
    });
    element.setAttribute("aria-label", element.closest("figure").querySelector("figcaption").textContent.trim().replace(/\s+/g, " ") + ", now: " + words.join(", "));
    element.dataset.points = String(chart.data[0].length);
  }
  function makeAll() {
    Object.keys(charts).forEach(function (key) { charts[key].destroy(); });
    charts = {};
    root.querySelectorAll("[data-chart]").forEach(make);
  }
  function update() {
    var ticks = byTick();
    root.querySelectorAll("[data-chart]").forEach(function (element) {
      var key = element.dataset.chart;
      charts[key].setData(data(key, ticks));
      tell(element, key);
      if (charts[key].cursor.left < 0) latest(charts[key]);
    });
  }

  fetch("/points").then(function (answer) {
    if (!answer.ok) throw new Error("status " + answer.status);
    return answer.json();
  }).then(function (history) {
    gateways = history.instances;
    makeAll();
    document.body.addEventListener("dbgate:points", function (event) {
      event.detail.forEach(function (news) {
        var gateway = gateways.find(function (one) { return one.name === news.name; });
        if (!gateway) return;
        var last = gateway.points[gateway.points.length - 1];
        if (last && last.t >= news.point.t) return;
        gateway.points.push(news.point);
        if (gateway.points.length > MOST) gateway.points.shift();
      });
      update();
    });
    document.body.addEventListener("dbgate:theme", makeAll);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", makeAll);
    var width = root.clientWidth;
    new ResizeObserver(function () {
      if (Math.abs(root.clientWidth - width) < 2) return;
      width = root.clientWidth;
      root.querySelectorAll("[data-chart]").forEach(function (element) {
        charts[element.dataset.chart].setSize({ width: Math.max(200, element.clientWidth), height: 170 });
      });
    }).observe(root);
  }).catch(function () {
    root.querySelectorAll("[data-chart]").forEach(function (element) { element.textContent = "No history could be read."; });
  });
})();
