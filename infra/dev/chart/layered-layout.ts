import { Graph, layout } from '@dagrejs/dagre'

/**
 * Places the states that lie side by side in one state, and the lines between them, from top to bottom. dagre decides ranks and x; heights,
 * ports and the horizontal pieces of lines are worked out here, since dagre draws slanted lines that all aim at the middle of a state.
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

/** A state, or a gate: the point at which a line leaves the level by that side. */
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

/** Where an edge ends on a node inside which it goes on, from the node's left; `undefined` where it may end anywhere. */
export type FixedPort = (edge: string, node: string) => number | undefined

const NODE_GAP = 28
const LINE_GAP = 16
const PORT_GAP = 14
/** Between two ranks: room before the first horizontal piece of a line, between two of them, and after the last one for an arrow. */
const CHANNEL = { before: 10, between: 9, after: 14 }
/** The same where a rank holds nothing but lines. */
const CHANNEL_EMPTY = 3
/** A line does not step aside by less than this. */
const STEP_MIN = 9
const STRAIGHT = 0.5

/** An edge on its way down from rank to rank. */
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
  /** Centres. */
  readonly xs: Map<string, number>
  readonly chains: readonly Chain[]
  /** The rank of each label. */
  readonly labels: ReadonlyMap<string, number>
}

/** The rank of each state from the top. Sizes and gates do not matter to it. */
export function ranksOf({ nodes, edges }: Level): ReadonlyMap<string, number> {
  const states = new Map([...nodes].filter(([, { gate }]) => gate === undefined))
  return rank({ nodes: states, edges: edges.filter(({ from, to }) => states.has(from) && states.has(to)) }, () => 1).ranks
}

/** Places one level. Ranks and x are dagre's; all else follows from them. */
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

/** Ranks the level, gates beyond all states, and decides where on its states each line ends. */
function rankWithPorts(level: Level, fixedPort: FixedPort): RankedLevel {
  const { nodes, edges } = level
  const ranks = ranksOf(level)
  const last = Math.max(0, ...ranks.values())
  // Beyond all states a gate's line has found its way around them. dagre makes two ranks of each, to have one for labels.
  const above = (id: string): number => Math.ceil((ranks.get(id) ?? 0) / 2) + 1
  const below = (id: string): number => Math.ceil((last - (ranks.get(id) ?? 0)) / 2) + 1
  const ranksBetween = ({ from, to }: LevelEdge): number => {
    const [upper, lower] = downwards(nodes, from, to)
    const [isTop, isBottom] = [nodes.get(upper)?.gate !== undefined, nodes.get(lower)?.gate !== undefined]
    if (isTop && isBottom) return last / 2 + 2
    return isTop ? above(lower) : isBottom ? below(upper) : 1
  }
  // dagre knows no ports. It keeps the order in which it gets edges between the same two nodes, or reverses it.
  const candidates = [false, true].map((isReversed) => {
    const ranked = rank({ nodes, edges: inPortOrder(edges, fixedPort, isReversed) }, ranksBetween)
    setPorts(ranked, nodes, fixedPort)
    return ranked
  })
  return candidates.reduce((best, candidate) => (travelOf(candidate) < travelOf(best) ? candidate : best))
}

/** Edges between the same two nodes in the order of their ports, or in the opposite one. */
function inPortOrder(edges: readonly LevelEdge[], fixedPort: FixedPort, isReversed: boolean): LevelEdge[] {
  const isParallel = (a: LevelEdge, b: LevelEdge): boolean => a.from === b.from && a.to === b.to
  const portOf = ({ id, from, to }: LevelEdge): number => fixedPort(id, from) ?? fixedPort(id, to) ?? Infinity
  return edges.map((edge) => {
    const parallel = edges.filter((other) => isParallel(other, edge))
    const sorted = parallel.toSorted((a, b) => (portOf(a) < portOf(b) ? -1 : 1))
    return (isReversed ? sorted.toReversed() : sorted)[parallel.indexOf(edge)] ?? edge
  })
}

/** How far all lines go sideways. */
const travelOf = ({ chains }: RankedLevel): number =>
  chains.reduce((sum, { xs }) => sum + xs.reduce((all, x, index) => all + Math.abs(x - (xs[index - 1] ?? x)), 0), 0)

/** The ends of an edge with a gate in the order of their ranks; of other edges dagre decides. */
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

  // All that is on one rank has one y. The first and the last point of an edge lie on borders and are left out.
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

/** Room beside a node for the labels of its lines to itself. */
const loopWidth = (id: string, edges: readonly LevelEdge[]): number =>
  Math.max(0, ...edges.filter(({ from, to }) => from === id && to === id).map(({ label }) => (label?.width ?? LINE_GAP) + LINE_GAP / 2))

/** A line from a state to itself, on its right. */
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

/** Spreads the ends of lines over the sides of their nodes, each as near as it can be to where its line comes from. */
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

/** Takes out steps too small to be meant, by moving what lies between the ends, and an end that may move. */
function straighten(xs: number[], mayMoveUpper: boolean, mayMoveLower: boolean): void {
  const follow = (index: number, other: number): void => {
    const [x, target] = [xs[index], xs[other]]
    if (x !== undefined && target !== undefined && Math.abs(x - target) < STEP_MIN) xs[index] = target
  }
  for (let index = 1; index < xs.length - (mayMoveLower ? 0 : 1); index++) follow(index, index - 1)
  for (let index = xs.length - 2; index >= (mayMoveUpper ? 0 : 1); index--) follow(index, index + 1)
}

/** Places in the order of what is wanted, within the side and apart from each other; closer where there is not room enough. */
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

/** By edge. */
type Tracks = ReadonlyMap<string, number>

interface Jog {
  readonly id: string
  readonly from: number
  readonly to: number
}

/** Gives each horizontal piece between a rank and the next a track, so that none touch; track 0 is the uppermost. */
function tracksOf(chains: readonly Chain[], channel: number): Tracks {
  const jogs = chains.flatMap(({ id, firstRank, xs }): Jog[] => {
    const [from, to] = [xs[channel - firstRank], xs[channel - firstRank + 1]]
    return from === undefined || to === undefined || Math.abs(to - from) < STRAIGHT ? [] : [{ id, from, to }]
  })
  // In this order lines that go the same way do not cross each other.
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

/** The height of a rank. */
interface Band {
  readonly top: number
  readonly bottom: number
}

/** The heights of ranks, one below the other, with room for the lines between them. */
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
