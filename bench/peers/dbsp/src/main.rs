//! Feldera's `dbsp` crate on the workloads of the floor: each view is written by hand against its Rust API and compiled.
//!
//!     cargo run --release -- join_sum --batch 1000 --workers 1 [--timed 20000]
//!
//! Tables are plain Z-set inputs (the caller supplies the old row of an update), which is the cheapest form that dbsp has.
//! Timed: append, transaction, and reading the view's consolidated output delta. With `--timed N` the rows before the
//! last N are loaded in batches of 100,000 first, so that small batches finish; the digest covers everything either way.

use anyhow::Result;
use dbsp::{
    DBSPHandle, OrdZSet, OutputHandle, RootCircuit, Runtime, Stream, ZSetHandle, ZWeight,
    mimalloc::MiMalloc,
    operator::{Max, Min},
    typed_batch::{IndexedZSetReader, SpineSnapshot},
    utils::{Tup2, Tup3, Tup4, Tup5},
};
use std::time::Instant;

#[global_allocator]
static ALLOC: MiMalloc = MiMalloc;

struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E3779B97F4A7C15);
        scramble(self.0)
    }
    fn below(&mut self, n: i64) -> i64 {
        (self.next() % n as u64) as i64
    }
}

fn scramble(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D049BB133111EB);
    z ^ (z >> 31)
}

fn row_hash(columns: &[i64]) -> u64 {
    columns.iter().fold(0, |h, &c| scramble((h ^ c as u64).wrapping_add(0x9E3779B97F4A7C15)))
}

type Out = Tup4<i64, i64, i64, i64>; // every view in one shape; `width` columns of it count
type Change<T> = Tup2<T, ZWeight>;

struct Args { batch: usize, workers: usize, timed: usize, views: i64 }

/// Runs steps on a circuit and keeps what they cost and what the view holds.
struct Run {
    circuit: DBSPHandle,
    out: OutputHandle<SpineSnapshot<OrdZSet<Out>>>,
    width: usize,
    digest: u64,
    delta: Vec<(Out, ZWeight)>,
    step_us: Vec<f64>,
    cpu_ms: u64,
    rows: usize,
}

fn cpu_ms() -> u64 {
    let s = ALLOC.stats();
    (s.user_ms + s.system_ms) as u64
}

impl Run {
    fn new(circuit: DBSPHandle, out: OutputHandle<SpineSnapshot<OrdZSet<Out>>>, width: usize) -> Self {
        Run { circuit, out, width, digest: 0, delta: vec![], step_us: vec![], cpu_ms: 0, rows: 0 }
    }

    fn step(&mut self, rows: usize, timed: bool, feed: impl FnOnce()) -> Result<()> {
        let cpu = cpu_ms();
        let start = Instant::now();
        feed();
        self.circuit.transaction()?;
        self.delta.clear();
        let delta = self.out.concat().consolidate();
        self.delta.extend(delta.iter().map(|(row, (), w)| (row, w)));
        if timed {
            self.step_us.push(start.elapsed().as_secs_f64() * 1e6);
            self.cpu_ms += cpu_ms() - cpu;
            self.rows += rows;
        }
        for (row, w) in &self.delta {
            let h = row_hash(&[row.0, row.1, row.2, row.3][..self.width]);
            self.digest = self.digest.wrapping_add(h.wrapping_mul(*w as u64));
        }
        Ok(())
    }

    /// Feeds rows in batches; the last `timed` of them are measured.
    fn feed<T: dbsp::DBData>(&mut self, input: &ZSetHandle<T>, rows: &[Change<T>], a: &Args) -> Result<()> {
        let untimed = rows.len().saturating_sub(a.timed);
        for c in rows[..untimed].chunks(100_000) {
            let mut b = c.to_vec();
            self.step(b.len(), false, || input.append(&mut b))?;
        }
        let mut batches: Vec<Vec<Change<T>>> = rows[untimed..].chunks(a.batch).map(|c| c.to_vec()).collect();
        for b in &mut batches {
            self.step(b.len(), true, || input.append(b))?;
        }
        Ok(())
    }

    fn report(&mut self, name: &str, batch: usize, a: &Args) {
        let total: f64 = self.step_us.iter().sum();
        self.step_us.sort_by(f64::total_cmp);
        let at = |q: usize| self.step_us[(self.step_us.len() * q / 100).min(self.step_us.len() - 1)];
        println!(
            "dbsp w={} {:<14} batch={:<6} rows/s={:.3e} p50_us={:.2} p99_us={:.2} cpu/wall={:.2} rss_mb={} digest={:016x}",
            a.workers, name, batch, self.rows as f64 / total * 1e6, at(50), at(99),
            self.cpu_ms as f64 * 1e3 / total, ALLOC.stats().peak_rss >> 20, self.digest
        );
        self.step_us.clear();
        self.cpu_ms = 0;
        self.rows = 0;
    }
}

fn start<H: Send + 'static>(
    workers: usize,
    build: impl Fn(&mut RootCircuit) -> (H, Stream<RootCircuit, OrdZSet<Out>>) + Clone + Send + 'static,
) -> Result<(DBSPHandle, H, OutputHandle<SpineSnapshot<OrdZSet<Out>>>)> {
    let (circuit, (h, out)) = Runtime::init_circuit(workers, move |c: &mut RootCircuit| {
        let (h, view) = build(c);
        Ok((h, view.accumulate_output()))
    })?;
    Ok((circuit, h, out))
}

fn insert<T>(row: T) -> Change<T> { Tup2(row, 1) }
fn delete<T>(row: T) -> Change<T> { Tup2(row, -1) }

fn filter(a: &Args) -> Result<()> {
    let mut r = Random(1);
    let rows: Vec<_> = (0..1_000_000).map(|id| { let x = r.below(1_000_000); insert(Tup3(id, x, r.below(100))) }).collect();
    let (circuit, input, out) = start(a.workers, |c| {
        let (items, h) = c.add_input_zset::<Tup3<i64, i64, i64>>();
        (h, items.filter(|x| x.2 < 50).map(|x| Tup4(x.0, x.1 * 2, 0, 0)))
    })?;
    let mut run = Run::new(circuit, out, 2);
    run.feed(&input, &rows, a)?;
    run.report("filter", a.batch, a);
    Ok(())
}

type Order = Tup3<i64, i64, i64>;

fn join_sum(a: &Args) -> Result<()> {
    let mut r = Random(2);
    let (circuit, (orders, customers), out) = start(a.workers, |c| {
        let (orders, ho) = c.add_input_zset::<Order>();
        let (customers, hc) = c.add_input_zset::<Tup2<i64, i64>>();
        let view = orders
            .map_index(|o| (o.1, Tup2(o.0, o.2)))
            .join_index(&customers.map_index(|c| (c.0, c.1)), |_, o, region| Some((*region, o.1)))
            .aggregate_linear(|amount| Tup2(*amount, 1i64))
            .map(|(region, s)| Tup4(*region, s.0, s.1, 0));
        ((ho, hc), view)
    })?;
    let mut run = Run::new(circuit, out, 3);
    let mut region: Vec<i64> = (0..100_000).map(|c| c * 7919 % 50).collect();
    let mut all: Vec<_> = region.iter().enumerate().map(|(c, &g)| insert(Tup2(c as i64, g))).collect();
    run.step(0, false, || customers.append(&mut all))?;
    let rows: Vec<_> = (0..1_000_000).map(|id| { let c = r.below(100_000); insert(Tup3(id, c, r.below(1000))) }).collect();
    let mut live: Vec<Order> = rows.iter().map(|x| x.0.clone()).collect();
    run.feed(&orders, &rows, a)?;
    run.report("join_sum(a)", a.batch, a);
    for _ in 0..20_000 {
        let (id, amount) = (r.below(1_000_000) as usize, r.below(1000));
        let new = Tup3(live[id].0, live[id].1, amount);
        let mut b = vec![delete(live[id].clone()), insert(new.clone())];
        run.step(1, true, || orders.append(&mut b))?;
        live[id] = new;
    }
    run.report("join_sum(b)", 1, a);
    for _ in 0..1000 {
        let (c, to) = (r.below(100_000), r.below(50));
        let mut b = vec![delete(Tup2(c, region[c as usize])), insert(Tup2(c, to))];
        run.step(1, true, || customers.append(&mut b))?;
        region[c as usize] = to;
    }
    run.report("join_sum(c)", 1, a);
    Ok(())
}

/// The 60/40 stream of inserts and deletes over rows (id, g, v).
struct Mixed { live: Vec<Order>, next: i64 }
impl Mixed {
    fn add(&mut self, r: &mut Random, g: Option<i64>, groups: i64, values: i64) -> Order {
        let g = g.unwrap_or_else(|| r.below(groups));
        let row = Tup3(self.next, g, r.below(values));
        self.next += 1;
        self.live.push(row.clone());
        row
    }
    fn ops(&mut self, r: &mut Random, groups: i64, values: i64, n: usize) -> Vec<Change<Order>> {
        (0..n)
            .map(|_| {
                if r.below(10) < 6 { insert(self.add(r, None, groups, values)) }
                else { let j = r.below(self.live.len() as i64) as usize; delete(self.live.swap_remove(j)) }
            })
            .collect()
    }
}

fn mixed(name: &str, a: &Args) -> Result<()> {
    let kind = name.to_string();
    let (circuit, input, out) = start(a.workers, move |c| {
        let (rows, h) = c.add_input_zset::<Order>();
        let view = match kind.as_str() {
            "group_mixed" => rows.map_index(|x| (x.1, x.2)).aggregate_linear(|v| Tup2(1i64, *v)).map(|(g, s)| Tup4(*g, s.0, s.1, 0)),
            "minmax" => {
                let by_group = rows.map_index(|x| (x.1, x.2));
                by_group.aggregate(Min).join(&by_group.aggregate(Max), |g, lo, hi| Tup4(*g, *lo, *hi, 0))
            }
            _ => rows.map_index(|x| (x.1, Tup2(x.2, -x.0))).topk_desc(10).map(|(g, v)| Tup4(*g, -v.1, v.0, 0)),
        };
        (h, view)
    })?;
    let mut run = Run::new(circuit, out, 3);
    let mut m = Mixed { live: vec![], next: 0 };
    let (seed, groups, values) = match name { "group_mixed" => (3, 100_000, 1000), "minmax" => (5, 1000, 1_000_000_000), _ => (6, 10_000, 1000) };
    let mut r = Random(seed);
    let load: Vec<_> = if name == "group_mixed" { (0..100_000).map(|g| insert(m.add(&mut r, Some(g), groups, values))).collect() }
        else { (0..1_000_000).map(|_| insert(m.add(&mut r, None, groups, values))).collect() };
    for c in load.chunks(100_000) {
        let mut b = c.to_vec();
        run.step(b.len(), false, || input.append(&mut b))?;
    }
    let ops = m.ops(&mut r, groups, values, 500_000);
    run.feed(&input, &ops, a)?;
    run.report(name, a.batch, a);
    Ok(())
}

/// `views` equal views with another constant each: dbsp's compiled programs have no parameters, so each is a filter and an aggregate of its own
/// up to 1,000; `tenants_grouped` is the same answer as one GROUP BY, which is what a dbsp user would write instead.
fn tenants(a: &Args, grouped: bool) -> Result<()> {
    let mut r = Random(4);
    let views = a.views;
    let (circuit, input, out) = start(a.workers, move |c| {
        let (rows, h) = c.add_input_zset::<Order>();
        let view = if grouped {
            rows.map_index(|x| (x.1, x.2)).aggregate_linear(|v| Tup2(1i64, *v)).map(|(g, s)| Tup4(*g, s.0, s.1, 0))
        } else {
            let mut each = (0..views).map(|k| {
                rows.filter(move |x| x.1 == k).map_index(|x| (x.1, x.2)).aggregate_linear(|v| Tup2(1i64, *v)).map(|(g, s)| Tup4(*g, s.0, s.1, 0))
            });
            let first = each.next().unwrap();
            let rest: Vec<_> = each.collect();
            first.sum(rest.iter())
        };
        (h, view)
    })?;
    let mut run = Run::new(circuit, out, 3);
    let mut live: Vec<Order> = (0..100 * views).map(|id| Tup3(id, id % views, r.below(1000))).collect();
    for c in live.chunks(100_000) {
        let mut b: Vec<_> = c.iter().cloned().map(insert).collect();
        run.step(b.len(), false, || input.append(&mut b))?;
    }
    for _ in 0..20_000.min(a.timed) {
        let (id, v) = (r.below(100 * views) as usize, r.below(1000));
        let new = Tup3(live[id].0, live[id].1, v);
        let mut b = vec![delete(live[id].clone()), insert(new.clone())];
        run.step(1, true, || input.append(&mut b))?;
        live[id] = new;
    }
    run.report(&format!("tenants{} V={views}", if grouped { "_grouped" } else { "" }), 1, a);
    Ok(())
}

type Sale = Tup5<i64, i64, i64, i64, i64>;

fn star(a: &Args) -> Result<()> {
    let mut r = Random(7);
    let (circuit, (sales, dims), out) = start(a.workers, |c| {
        let (sales, h) = c.add_input_zset::<Sale>();
        let dims: Vec<_> = (0..3).map(|_| c.add_input_zset::<Tup2<i64, i64>>()).collect();
        let by: Vec<_> = dims.iter().map(|(s, _)| s.map_index(|d| (d.0, d.1))).collect();
        let view = sales
            .map_index(|s| (s.2, Tup3(s.1, s.3, s.4)))
            .join_index(&by[1], |_, s, category| Some((s.0, Tup3(*category, s.1, s.2))))
            .join_index(&by[0], |_, s, region| Some((s.1, Tup3(s.0, *region, s.2))))
            .join_index(&by[2], |_, s, city| Some((Tup3(s.0, s.1, *city), s.2)))
            .aggregate_linear(|amount| Tup2(*amount, 1i64))
            .map(|(k, s)| Tup4(k.0, k.1, k.2, s.0));
        ((h, dims.into_iter().map(|(_, h)| h).collect::<Vec<_>>()), view)
    })?;
    let mut run = Run::new(circuit, out, 4);
    for (h, (n, m)) in dims.iter().zip([(100_000, 50), (10_000, 100), (1000, 200)]) {
        let mut b: Vec<_> = (0..n).map(|i| insert(Tup2(i, i * 7919 % m))).collect();
        run.step(0, false, || h.append(&mut b))?;
    }
    let rows: Vec<_> = (0..1_000_000)
        .map(|id| { let (c, p, s) = (r.below(100_000), r.below(10_000), r.below(1000)); insert(Tup5(id, c, p, s, r.below(1000))) })
        .collect();
    let mut live: Vec<Sale> = rows.iter().map(|x| x.0.clone()).collect();
    run.feed(&sales, &rows, a)?;
    run.report("star(a)", a.batch, a);
    for _ in 0..20_000 {
        let (id, amount) = (r.below(1_000_000) as usize, r.below(1000));
        let new = Tup5(live[id].0, live[id].1, live[id].2, live[id].3, amount);
        let mut b = vec![delete(live[id].clone()), insert(new.clone())];
        run.step(1, true, || sales.append(&mut b))?;
        live[id] = new;
    }
    run.report("star(b)", 1, a);
    Ok(())
}

fn reach(a: &Args) -> Result<()> {
    let mut r = Random(8);
    let (circuit, (edges, roots), out) = start(a.workers, |c| {
        let (edges, he) = c.add_input_zset::<Tup2<i64, i64>>();
        let (roots, hr) = c.add_input_zset::<i64>();
        let by_src = edges.map_index(|e| (e.0, e.1));
        let found = c
            .recursive(|inner, found: Stream<_, OrdZSet<i64>>| {
                let step = found.map_index(|n| (*n, ())).join(&by_src.delta0(inner), |_, (), dst| *dst);
                Ok(roots.delta0(inner).plus(&step))
            })
            .unwrap();
        ((he, hr), found.map(|n| Tup4(*n, 0, 0, 0)))
    })?;
    let mut run = Run::new(circuit, out, 1);
    let mut live: Vec<_> = (0..200_000).map(|_| { let s = r.below(100_000); Tup2(s, r.below(100_000)) }).collect();
    let mut b: Vec<_> = live.iter().cloned().map(insert).collect();
    run.step(b.len(), false, || { roots.append(&mut vec![insert(0)]); edges.append(&mut b) })?;
    for q in 0..2000 {
        let change = if q % 2 == 0 { let s = r.below(100_000); let e = Tup2(s, r.below(100_000)); live.push(e.clone()); insert(e) }
            else { let j = r.below(live.len() as i64) as usize; delete(live.swap_remove(j)) };
        let mut b = vec![change];
        run.step(1, true, || edges.append(&mut b))?;
    }
    run.report("reach", 1, a);
    Ok(())
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let option = |name: &str, default: usize| {
        args.iter().position(|x| x == name).map_or(default, |i| args[i + 1].parse().expect(name))
    };
    let a = Args { batch: option("--batch", 1000), workers: option("--workers", 1), timed: option("--timed", usize::MAX), views: option("--views", 1000) as i64 };
    match args.get(1).map(String::as_str) {
        Some("filter") => filter(&a),
        Some("join_sum") => join_sum(&a),
        Some(name @ ("group_mixed" | "minmax" | "topk")) => mixed(name, &a),
        Some("tenants") => tenants(&a, false),
        Some("tenants_grouped") => tenants(&a, true),
        Some("star") => star(&a),
        Some("reach") => reach(&a),
        _ => anyhow::bail!("usage: dbsp-peer filter|join_sum|group_mixed|minmax|topk|tenants|tenants_grouped|star|reach [--batch N] [--workers N] [--timed N] [--views N]"),
    }
}
