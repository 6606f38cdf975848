import { Graph, layout } from '@dagrejs/dagre'

/**
 * Places the inner states of one state (a level), and the lines between them, from top to bottom. dagre computes ranks and x. This module
 * computes heights, ports (the points at which lines meet a state) and the horizontal pieces of lines, because dagre would draw slanted
 * lines to the middle of each state.
 */

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

export type Side = 'top' | 'bottom'

/** A state, or a gate: a point on the top or bottom border of the level at which a line leaves it. */
export interface LevelNode extends Size {
  readonly gate?: Side
}

export interface LevelEdge {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly label?: Size | undefined
}

export interface Level {
  readonly nodes: ReadonlyMap<string, LevelNode>
  readonly edges: readonly LevelEdge[]
}

export interface Route {
  readonly points: readonly Point[]
  /** Centre of the label. */
  readonly label?: Point
}

export interface PlacedLevel extends Size {
  readonly boxes: ReadonlyMap<string, Point & Size>
  readonly routes: ReadonlyMap<string, Route>
}

/** The port of an edge that continues inside a node, as a distance from the node's left; `undefined` if the port is free. */
export type FixedPort = (edge: string, node: string) => number | undefined

const NODE_GAP = 28
const LINE_GAP = 16
const PORT_GAP = 14
/** Space between two ranks: before the first horizontal piece of a line, between two of them, and after the last one for an arrow. */
const CHANNEL = { before: 10, between: 9, after: 14 }
/** Space before and after a rank that has only lines. */
const CHANNEL_EMPTY = 3
/** Min length of a horizontal piece of a line; shorter ones are straightened. */
const STEP_MIN = 9
const STRAIGHT = 0.5

/** The course of an edge from rank to rank, from top to bottom. */
interface Chain {
  readonly id: string
  readonly upper: string
  readonly lower: string
  readonly isUpwards: boolean
  readonly firstRank: number
  /** x at each rank from the upper node's to the lower node's. */
  readonly xs: number[]
}

interface RankedLevel {
  readonly width: number
  readonly ranks: ReadonlyMap<string, number>
  readonly rankCount: number
  /** x of each node's centre. */
  readonly xs: Map<string, number>
  readonly chains: readonly Chain[]
  /** The rank of each label. */
  readonly labels: ReadonlyMap<string, number>
}

/** The rank of each state, counted from the top. It does not depend on sizes and gates. */
export function ranksOf({ nodes, edges }: Level): ReadonlyMap<string, number> {
  const states = new Map([...nodes].filter(([, { gate }]) => gate === undefined))
  return rank({ nodes: states, edges: edges.filter(({ from, to }) => states.has(from) && states.has(to)) }, () => 1).ranks
}

/** Places one level. dagre gives ranks and x; everything else follows from these. */
export function placeLevel(level: Level, fixedPort: FixedPort): PlacedLevel {
  const ranked = rankWithPorts(level, fixedPort)
  const tracks = Array.from({ length: ranked.rankCount }, (_, channel) => tracksOf(ranked.chains, channel))
  const bands = bandsOf(level, ranked, tracks)
  const boxes = new Map<string, Point & Size>()
  for (const [id, { width, height, gate }] of level.nodes) {
    const band = bands[ranked.ranks.get(id) ?? 0]
    boxes.set(id, { width, height, x: (ranked.xs.get(id) ?? 0) - width / 2, y: (gate === 'bottom' ? band?.bottom : band?.top) ?? 0 })
  }
  const routes = new Map(ranked.chains.map((chain) => [chain.id, routeOf(chain, boxes, bands, tracks, ranked.labels.get(chain.id))]))
  for (const { id, from, to, label } of level.edges) {
    const box = boxes.get(from)
    if (from === to && box !== undefined) routes.set(id, loop(box, label))
  }
  return { width: ranked.width, height: bands.at(-1)?.bottom ?? 0, boxes, routes }
}

function routeOf(
  { id, upper, lower, xs, firstRank, isUpwards }: Chain,
  boxes: PlacedLevel['boxes'],
  bands: readonly Band[],
  tracks: readonly Tracks[],
  labelRank: number | undefined,
): Route {
  const [start, end] = [boxes.get(upper), boxes.get(lower)]
  const points: Point[] = [{ x: xs[0] ?? 0, y: (start?.y ?? 0) + (start?.height ?? 0) }]
  for (const [index, x] of xs.slice(0, -1).entries()) {
    const track = tracks[firstRank + index]?.get(id)
    const above = bands[firstRank + index]
    if (track === undefined || above === undefined) continue
    const y = above.bottom + (above.top === above.bottom ? CHANNEL_EMPTY : CHANNEL.before) + track * CHANNEL.between
    points.push({ x, y }, { x: xs[index + 1] ?? x, y })
  }
  points.push({ x: xs.at(-1) ?? 0, y: end?.y ?? 0 })
  const band = bands[labelRank ?? -1]
  const route = { points: isUpwards ? points.toReversed() : points }
  if (labelRank === undefined || band === undefined) return route
  return { ...route, label: { x: xs[labelRank - firstRank] ?? 0, y: (band.top + band.bottom) / 2 } }
}

/** Ranks the level, with its gates above or below all states, and chooses the ports of each line. */
function rankWithPorts(level: Level, fixedPort: FixedPort): RankedLevel {
  const { nodes, edges } = level
  const ranks = ranksOf(level)
  const last = Math.max(0, ...ranks.values())
  // A gate lies beyond all states, so that its line can run around them. dagre doubles all ranks to get ranks for labels, hence the halves.
  const above = (id: string): number => Math.ceil((ranks.get(id) ?? 0) / 2) + 1
  const below = (id: string): number => Math.ceil((last - (ranks.get(id) ?? 0)) / 2) + 1
  const ranksBetween = ({ from, to }: LevelEdge): number => {
    const [upper, lower] = downwards(nodes, from, to)
    const [isTop, isBottom] = [nodes.get(upper)?.gate !== undefined, nodes.get(lower)?.gate !== undefined]
    if (isTop && isBottom) return last / 2 + 2
    return isTop ? above(lower) : isBottom ? below(upper) : 1
  }
  // dagre has no ports. For edges between the same two nodes it keeps the order of its input or reverses it, so both orders are tried.
  const candidates = [false, true].map((isReversed) => {
    const ranked = rank({ nodes, edges: inPortOrder(edges, fixedPort, isReversed) }, ranksBetween)
    setPorts(ranked, nodes, fixedPort)
    return ranked
  })
  return candidates.reduce((best, candidate) => (travelOf(candidate) < travelOf(best) ? candidate : best))
}

/** Sorts the edges between the same two nodes by their ports, or in the opposite order. */
function inPortOrder(edges: readonly LevelEdge[], fixedPort: FixedPort, isReversed: boolean): LevelEdge[] {
  const isParallel = (a: LevelEdge, b: LevelEdge): boolean => a.from === b.from && a.to === b.to
  const portOf = ({ id, from, to }: LevelEdge): number => fixedPort(id, from) ?? fixedPort(id, to) ?? Infinity
  return edges.map((edge) => {
    const parallel = edges.filter((other) => isParallel(other, edge))
    const sorted = parallel.toSorted((a, b) => (portOf(a) < portOf(b) ? -1 : 1))
    return (isReversed ? sorted.toReversed() : sorted)[parallel.indexOf(edge)] ?? edge
  })
}

/** Sum of the horizontal distances of all lines. */
const travelOf = ({ chains }: RankedLevel): number =>
  chains.reduce((sum, { xs }) => sum + xs.reduce((all, x, index) => all + Math.abs(x - (xs[index - 1] ?? x)), 0), 0)

/** The ends of an edge, the upper one first if one of them is a gate. For other edges dagre decides which end is the upper one. */
const downwards = (nodes: Level['nodes'], from: string, to: string): readonly [string, string] =>
  nodes.get(from)?.gate === 'bottom' || nodes.get(to)?.gate === 'top' ? [to, from] : [from, to]

function rank({ nodes, edges }: Level, ranksBetween: (edge: LevelEdge) => number): RankedLevel {
  const graph = new Graph({ multigraph: true })
  graph.setGraph({ nodesep: NODE_GAP, edgesep: LINE_GAP, ranksep: 20 })
  const own = edges.filter(({ from, to }) => from !== to)
  for (const [id, { width, height }] of nodes) graph.setNode(id, { width: width + loopWidth(id, edges) * 2, height })
  for (const edge of own) {
    const [upper, lower] = downwards(nodes, edge.from, edge.to)
    graph.setEdge(upper, lower, { width: 0, height: 0, ...edge.label, labelpos: 'c', minlen: ranksBetween(edge) }, edge.id)
  }
  layout(graph)

  // Everything on one rank has the same y. The first and the last point of an edge lie on borders, so they are ignored.
  const inner = new Map(own.map(({ id, from, to }) => [id, (graph.edge(...downwards(nodes, from, to), id).points ?? []).slice(1, -1)]))
  const round = (y: number | undefined): number => Math.round((y ?? 0) * 10)
  const allYs = [...[...nodes.keys()].map((id) => graph.node(id).y), ...[...inner.values()].flat().map(({ y }) => y)].map(round)
  const ys = [...new Set(allYs)].sort((a, b) => a - b)
  const rankAt = new Map(ys.map((y, index) => [y, index]))
  const ranks = new Map([...nodes.keys()].map((id) => [id, rankAt.get(round(graph.node(id).y)) ?? 0]))
  const xs = new Map([...nodes.keys()].map((id) => [id, graph.node(id).x ?? 0]))
  const labels = new Map<string, number>()
  const chains = own.map(({ id, from, to, label }): Chain => {
    const isUpwards = (ranks.get(from) ?? 0) > (ranks.get(to) ?? 0)
    const [upper, lower] = isUpwards ? [to, from] : [from, to]
    const placed = graph.edge(...downwards(nodes, from, to), id)
    if (label !== undefined) labels.set(id, rankAt.get(round(placed.y)) ?? 0)
    const between = (inner.get(id) ?? []).toSorted((a, b) => a.y - b.y).map(({ x }) => x)
    return { id, upper, lower, isUpwards, firstRank: ranks.get(upper) ?? 0, xs: [xs.get(upper) ?? 0, ...between, xs.get(lower) ?? 0] }
  })
  return { width: graph.graph().width ?? 0, ranks, rankCount: ys.length, xs, chains, labels }
}

/** Width beside a node for its loops: lines to itself, with their labels. */
const loopWidth = (id: string, edges: readonly LevelEdge[]): number =>
  Math.max(0, ...edges.filter(({ from, to }) => from === id && to === id).map(({ label }) => (label?.width ?? LINE_GAP) + LINE_GAP / 2))

/** Draws a line from a state to itself, on its right. */
function loop({ x, y, width, height }: Point & Size, label: Size | undefined): Route {
  const reach = Math.min(height / 2 - 3, (label?.height ?? 0) / 2 + 5)
  const [right, middle] = [x + width, y + height / 2]
  const far = right + (label?.width ?? LINE_GAP) / 2 + LINE_GAP / 2
  const points = [
    [right, -reach],
    [far, -reach],
    [far, reach],
    [right, reach],
  ] as const
  return { points: points.map(([at, dy]) => ({ x: at, y: middle + dy })), ...(label === undefined ? {} : { label: { x: far, y: middle } }) }
}

/** Spreads the ports over the top and bottom of each node. Each port is as near as possible to the next point of its line. */
function setPorts({ chains, xs }: RankedLevel, nodes: Level['nodes'], fixedPort: FixedPort): void {
  for (const [id, { width, gate }] of nodes) {
    const left = (xs.get(id) ?? 0) - width / 2
    for (const side of ['top', 'bottom'] as const) {
      const ends = chains
        .filter(({ upper, lower }) => (side === 'bottom' ? upper : lower) === id)
        .map((chain) => {
          const [end, next] = side === 'bottom' ? [0, 1] : [chain.xs.length - 1, chain.xs.length - 2]
          const fixed = fixedPort(chain.id, id)
          return { chain, end, next: chain.xs[next] ?? 0, fixed: fixed === undefined ? undefined : left + fixed }
        })
      if (gate === undefined) {
        const free = ends.filter(({ fixed }) => fixed === undefined).sort((a, b) => a.next - b.next)
        const taken = ends.flatMap(({ fixed }) => fixed ?? [])
        const places = spread(
          free.map(({ next }) => next),
          left,
          width,
          taken,
        )
        free.forEach(({ chain, end }, index) => {
          chain.xs[end] = places[index] ?? left
        })
      }
      for (const { chain, end, fixed } of ends) if (fixed !== undefined) chain.xs[end] = fixed
    }
  }
  for (const { id, upper, lower, xs: path } of chains) {
    straighten(path, fixedPort(id, upper) === undefined, nodes.get(lower)?.gate !== undefined)
    if (nodes.get(upper)?.gate !== undefined) xs.set(upper, path[0] ?? 0)
    if (nodes.get(lower)?.gate !== undefined) xs.set(lower, path.at(-1) ?? 0)
  }
}

/** Removes sideways steps below `STEP_MIN`: moves the inner points of a line, and an end if it may move. */
function straighten(xs: number[], mayMoveUpper: boolean, mayMoveLower: boolean): void {
  const follow = (index: number, other: number): void => {
    const [x, target] = [xs[index], xs[other]]
    if (x !== undefined && target !== undefined && Math.abs(x - target) < STEP_MIN) xs[index] = target
  }
  for (let index = 1; index < xs.length - (mayMoveLower ? 0 : 1); index++) follow(index, index - 1)
  for (let index = xs.length - 2; index >= (mayMoveUpper ? 0 : 1); index--) follow(index, index + 1)
}

/** Places ports near the wanted x, in the same order, on the side and `PORT_GAP` apart; closer together if the side is too short. */
function spread(wanted: readonly number[], left: number, width: number, taken: readonly number[]): number[] {
  const gap = Math.min(PORT_GAP, (width - 8) / (wanted.length + taken.length + 1))
  const [from, to] = [left + gap, left + width - gap]
  const places = wanted.map((x) => Math.min(Math.max(x, from), to))
  const isTaken = (x: number): number | undefined => taken.find((other) => Math.abs(other - x) < gap)
  for (let index = 0; index < places.length; index++) {
    let x = Math.max(places[index] ?? from, (places[index - 1] ?? -Infinity) + gap)
    for (let other = isTaken(x); other !== undefined; other = isTaken(x)) x = other + gap
    places[index] = x
  }
  const over = (places.at(-1) ?? to) - to
  if (over <= 0) return places
  for (let index = places.length - 1, limit = to; index >= 0; index--, limit -= gap) {
    places[index] = Math.min(places[index] ?? to, limit)
    limit = places[index] ?? limit
  }
  return places
}

/** The track of each edge's horizontal piece. */
type Tracks = ReadonlyMap<string, number>

interface Jog {
  readonly id: string
  readonly from: number
  readonly to: number
}

/** Gives each horizontal piece between two ranks a track (its height), so that no two pieces touch. Track 0 is the uppermost. */
function tracksOf(chains: readonly Chain[], channel: number): Tracks {
  const jogs = chains.flatMap(({ id, firstRank, xs }): Jog[] => {
    const [from, to] = [xs[channel - firstRank], xs[channel - firstRank + 1]]
    return from === undefined || to === undefined || Math.abs(to - from) < STRAIGHT ? [] : [{ id, from, to }]
  })
  // This order keeps lines in the same direction from crossing each other.
  const rightwards = jogs.filter(isRightwards).sort((a, b) => b.from - a.from)
  const leftwards = jogs.filter((jog) => !isRightwards(jog)).sort((a, b) => a.from - b.from)
  const placed: (Jog & { readonly track: number })[] = []
  for (const jog of [...rightwards, ...leftwards]) {
    const touching = placed.filter((other) => touch(jog, other))
    let track = Math.max(-1, ...touching.filter((other) => isRightwards(other) === isRightwards(jog)).map((other) => other.track)) + 1
    while (touching.some((other) => other.track === track)) track++
    placed.push({ ...jog, track })
  }
  return new Map(placed.map(({ id, track }) => [id, track]))
}

const isRightwards = ({ from, to }: Jog): boolean => to > from
const touch = (a: Jog, b: Jog): boolean =>
  Math.min(a.from, a.to) - PORT_GAP / 2 < Math.max(b.from, b.to) && Math.min(b.from, b.to) - PORT_GAP / 2 < Math.max(a.from, a.to)

/** The vertical extent of a rank. */
interface Band {
  readonly top: number
  readonly bottom: number
}

/** Stacks the ranks, with space between them for the horizontal pieces of lines. */
function bandsOf({ nodes, edges }: Level, { ranks, rankCount, labels }: RankedLevel, tracks: readonly Tracks[]): Band[] {
  const heights = Array.from({ length: rankCount }, () => 0)
  const grow = (at: number, height: number): void => {
    heights[at] = Math.max(heights[at] ?? 0, height)
  }
  for (const [id, { height }] of nodes) grow(ranks.get(id) ?? 0, height)
  for (const { id, label } of edges) if (label !== undefined) grow(labels.get(id) ?? 0, label.height)
  const bands: Band[] = []
  let y = 0
  for (const [index, height] of heights.entries()) {
    bands.push({ top: y, bottom: y + height })
    const used = Math.max(-1, ...(tracks[index]?.values() ?? []))
    const before = used < 0 ? 0 : height === 0 ? CHANNEL_EMPTY : CHANNEL.before
    y += height + before + Math.max(0, used) * CHANNEL.between + ((heights[index + 1] ?? 0) === 0 ? CHANNEL_EMPTY : CHANNEL.after)
  }
  return bands
}
