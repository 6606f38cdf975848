import { type LevelEdge, type LevelNode, ranksOf, type Side, type Size } from './layered-layout.ts'
import type { ChartState, Transition } from './statechart.ts'

/** The transitions from one state to another, which are drawn as one line. */
export interface Line {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly transitions: readonly Transition[]
  readonly label?: Size | undefined
}

/** The inside of a state: its inner states, and the piece of each line that runs through it. */
export interface Inside {
  readonly nodes: Map<string, LevelNode>
  readonly edges: LevelEdge[]
}

/** Node ids have a prefix, because a state's path may be any text and must differ from the ids of gates and dots. */
export const nodeOf = (state: string): string => `state ${state}`
export const gateOf = (line: string, side: Side): string => `gate ${side} ${line}`
export const DOT_NODE = 'dot'
/** The line from the dot to the initial state of the parent. */
export const FIRST_LINE = 'first'

const GATE = { width: 1, height: 0 } as const

/**
 * The insides of all states that have inner states, by id. A line between states at different depths is cut into pieces: some lead
 * outwards from the state that it leaves, one leads across, and some lead inwards to its target. A line between a state and one inside
 * it starts or ends at a gate.
 *
 * @param dot size of the dot that marks the initial state. The caller sets the sizes of states.
 */
export function insidesOf(root: ChartState, lines: readonly Line[], dot: Size): ReadonlyMap<string, Inside> {
  const insides = new Map<string, Inside>()
  const paths = new Map<string, readonly string[]>()
  const visit = (state: ChartState, above: readonly string[]): void => {
    const path = [...above, state.id]
    paths.set(state.id, path)
    if (state.states.length > 0) insides.set(state.id, insideOf(state, dot))
    for (const inner of state.states) visit(inner, path)
  }
  visit(root, [])

  const crossings = lines.map((line) => {
    const [from, to] = [paths.get(line.from) ?? [], paths.get(line.to) ?? []]
    const isLoop = line.from === line.to && from.length > 1
    const differsAt = from.findIndex((id, index) => to[index] !== id)
    // First depth at which the paths of the two ends differ. A path that is shorter belongs to a state around the other end: a gate.
    const depth = isLoop ? from.length - 1 : differsAt === -1 ? from.length : differsAt
    const [start, end, level] = [from[depth], to[depth], from[depth - 1] ?? root.id]
    addPiece(insides.get(level), line, start ?? { gate: 'top' }, end ?? { gate: 'bottom' })
    return { line, from, to, depth, start, end, level }
  })
  const ranks = new Map([...insides].map(([id, inside]) => [id, ranksOf(inside)]))
  for (const {
    line: { label: _, ...piece },
    from,
    to,
    depth,
    start,
    end,
    level,
  } of crossings) {
    const rankOf = (id: string): number => ranks.get(level)?.get(nodeOf(id)) ?? 0
    const isDown = start === undefined || end === undefined || rankOf(start) < rankOf(end)
    for (const [index, inner] of from.slice(depth + 1).entries()) {
      addPiece(insides.get(from[depth + index] ?? ''), piece, inner, { gate: isDown ? 'bottom' : 'top' })
    }
    for (const [index, inner] of to.slice(depth + 1).entries()) {
      addPiece(insides.get(to[depth + index] ?? ''), piece, { gate: isDown ? 'top' : 'bottom' }, inner)
    }
  }
  return insides
}

function insideOf({ type, states }: ChartState, dot: Size): Inside {
  const nodes = new Map<string, LevelNode>(states.map(({ id }) => [nodeOf(id), { width: 0, height: 0 }]))
  const first = states.find(({ initial }) => initial)
  if (first === undefined || type === 'parallel') return { nodes, edges: [] }
  // The dot comes first, so that the states reachable from it are placed below it.
  return { nodes: new Map([[DOT_NODE, dot], ...nodes]), edges: [{ id: FIRST_LINE, from: DOT_NODE, to: nodeOf(first.id) }] }
}

type End = string | { readonly gate: Side }

function addPiece(inside: Inside | undefined, { id, label }: Pick<Line, 'id' | 'label'>, from: End, to: End): void {
  const nodeFor = (end: End): string => {
    if (typeof end === 'string') return nodeOf(end)
    inside?.nodes.set(gateOf(id, end.gate), { ...GATE, gate: end.gate })
    return gateOf(id, end.gate)
  }
  inside?.edges.push({ id, from: nodeFor(from), to: nodeFor(to), label })
}
