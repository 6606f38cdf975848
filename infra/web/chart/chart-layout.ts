import { type PlacedLevel, placeLevel, type Point, type Size } from './layered-layout.ts'
import { DOT_NODE, FIRST_LINE, gateOf, type Inside, insidesOf, type Line, nodeOf } from './line-pieces.ts'
import type { ChartState, Statechart, Transition } from './statechart.ts'

type Box = Point & Size

/** A state with its box. In a list, parents precede the states inside them. */
export interface DrawnState extends Box, Omit<ChartState, 'states'> {
  readonly parent: string | null
  /** Height of the part above the inner states: the name and the lines of text. */
  readonly headHeight: number
}

/** All transitions from one state to another, drawn as one line. Its label has one line of text per transition. */
export interface DrawnTransition {
  readonly from: string
  readonly to: string
  readonly transitions: readonly Pick<Transition, 'event' | 'label' | 'actions'>[]
  readonly points: readonly Point[]
  /** Absent if no transition has a label. */
  readonly label?: Box
}

/** A drawn statechart. Coordinates are in pixels from its upper left corner. */
export interface Drawing {
  readonly width: number
  readonly height: number
  readonly states: readonly DrawnState[]
  readonly transitions: readonly DrawnTransition[]
  /** The marks of initial states: a dot, and a line from it to the state. */
  readonly beginnings: readonly { readonly dot: Point; readonly points: readonly Point[] }[]
}

/** Sizes of one character in the page's style sheet. The font is monospaced, so that the width of a text is known without a browser. */
const NAME = { width: 7.9, height: 20 }
const LINE = { width: 6.7, height: 16 }
const PADDING = 10
const INSET = 16
const DOT = 10
const SMALL = 28
const MARGIN = 12
/** Min width of a state per line that ends at it, so that a reader can tell the arrows apart. */
const LINE_ROOM = 8
/** Characters that are as wide as two others, such as Chinese ones. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u
const textWidth = (text: string, size: number): number => [...text].reduce((sum, char) => sum + (WIDE.test(char) ? 2 : 1), 0) * size

/** Width over height of the page's area for the drawing. */
const ASPECT = 1.25

/** Lays out the statechart from top to bottom and from left to right, and returns the drawing that fills the page better. */
export function layOut(chart: Statechart): Drawing {
  const strayed = ({ width, height }: Drawing): number => Math.abs(Math.log(width / height / ASPECT))
  const [down, right] = [draw(chart, false), draw(chart, true)]
  return strayed(right) < strayed(down) ? right : down
}

function draw(chart: Statechart, isSideways: boolean): Drawing {
  // A sideways drawing is a downward one with x and y swapped. Until the last step, texts therefore have their width and height swapped.
  const turn = <Of extends Size>(of: Of): Of => (isSideways ? { ...of, width: of.height, height: of.width } : of)
  const lines = linesOf(chart.transitions).map((line) => ({ ...line, label: line.label && turn(line.label) }))
  const insides = insidesOf(chart.root, lines, { width: DOT, height: DOT })
  const measured = new Map<string, Measured>()
  const size = measure(chart.root, insides, isSideways, measured)
  const drawing = place(chart.root, lines, insides, measured, { x: MARGIN, y: MARGIN, ...size })
  return isSideways ? turned(drawing) : drawing
}

/** A state's size. If it has inner states, also their places in it. */
interface Measured {
  readonly size: Size
  readonly inside?: PlacedLevel & { readonly origin: Point }
}

/** Measures a state and its inner states, the innermost first, because a layout needs the sizes of the states in it. */
function measure(state: ChartState, insides: ReadonlyMap<string, Inside>, isSideways: boolean, measured: Map<string, Measured>): Size {
  const head = headOf(state)
  const inside = insides.get(state.id)
  const leafSize = isSideways ? { width: head.height, height: head.width } : head
  if (inside === undefined) {
    measured.set(state.id, { size: leafSize })
    return leafSize
  }
  for (const inner of state.states) {
    const { width, height } = measure(inner, insides, isSideways, measured)
    const lineCount = inside.edges.filter(({ from, to }) => from === nodeOf(inner.id) || to === nodeOf(inner.id)).length
    inside.nodes.set(nodeOf(inner.id), { width: Math.max(width, (lineCount + 1) * LINE_ROOM), height })
  }
  const innerOf = new Map(state.states.map(({ id }) => [nodeOf(id), measured.get(id)?.inside]))
  const level = placeLevel(inside, (line, node) => {
    const inner = innerOf.get(node)
    const gate = inner?.boxes.get(gateOf(line, 'top')) ?? inner?.boxes.get(gateOf(line, 'bottom'))
    return inner === undefined || gate === undefined ? undefined : inner.origin.x + centreOf(gate).x
  })
  const top = head.height + INSET / 2
  const [left, above, least] = isSideways ? [top, INSET, { width: 0, height: head.width }] : [INSET, top, { width: head.width, height: 0 }]
  const used = left + level.width + INSET
  const size = { width: Math.max(used, least.width), height: Math.max(above + level.height + INSET, least.height) }
  measured.set(state.id, { size, inside: { ...level, origin: { x: left + (size.width - used) / 2, y: above } } })
  return size
}

/** A piece of a line. `order` sorts the pieces from the line's start to its end. */
interface Piece {
  readonly order: number
  readonly points: readonly Point[]
  readonly label: Point | undefined
}

/** Computes the page coordinates of all states and lines, from the root inwards, and joins the pieces of each line. */
function place(
  root: ChartState,
  lines: readonly Line[],
  insides: ReadonlyMap<string, Inside>,
  measured: ReadonlyMap<string, Measured>,
  page: Box,
): Drawing {
  const states: DrawnState[] = []
  const beginnings: Drawing['beginnings'][number][] = []
  const pieces = new Map<string, Piece[]>()
  const visit = (state: ChartState, parent: string | null, box: Box, depth: number): void => {
    const { states: inner, ...rest } = state
    states.push({ ...rest, parent, headHeight: headOf(state).height, ...box })
    const [inside, level] = [insides.get(state.id), measured.get(state.id)?.inside]
    if (inside === undefined || level === undefined) return
    const { x: left, y: top } = level.origin
    const moved = <Of extends Point>(point: Of): Of => ({ ...point, x: box.x + left + point.x, y: box.y + top + point.y })
    for (const { id, from, to } of inside.edges) {
      const route = level.routes.get(id)
      const [start, end] = [inside.nodes.get(from)?.gate, inside.nodes.get(to)?.gate]
      const points = (route?.points ?? []).map(moved).map((point, index, all) => {
        const gate = index === 0 ? start : index === all.length - 1 ? end : undefined
        return gate === undefined ? point : { x: point.x, y: gate === 'top' ? box.y : box.y + box.height }
      })
      const dot = level.boxes.get(DOT_NODE)
      if (id === FIRST_LINE && dot !== undefined) beginnings.push({ dot: moved(centreOf(dot)), points })
      const order = (start === undefined) === (end === undefined) ? 0 : start === undefined ? -depth : depth
      pieces.set(id, [...(pieces.get(id) ?? []), { order, points, label: route?.label && moved(route.label) }])
    }
    for (const one of inner) {
      const innerBox = level.boxes.get(nodeOf(one.id))
      if (innerBox !== undefined) visit(one, state.id, moved(innerBox), depth + 1)
    }
  }
  visit(root, null, page, 1)

  const transitions = lines.map(({ id, from, to, transitions: all, label }): DrawnTransition => {
    const own = (pieces.get(id) ?? []).toSorted((a, b) => a.order - b.order)
    const centre = own.find((piece) => piece.label !== undefined)?.label
    return {
      from,
      to,
      points: straightened(own.flatMap(({ points }) => points)),
      transitions: all.map(({ event, label: text, actions }) => ({ event, label: text, actions })),
      ...(label === undefined || centre === undefined ? {} : { label: boxAround(centre, label) }),
    }
  })
  return { width: page.width + 2 * MARGIN, height: page.height + 2 * MARGIN, states, transitions, beginnings }
}

/** Swaps x and y of a drawing. */
function turned({ width, height, states, transitions, beginnings }: Drawing): Drawing {
  const point = ({ x, y }: Point): Point => ({ x: y, y: x })
  const box = <Of extends Box>(of: Of): Of => ({ ...of, x: of.y, y: of.x, width: of.height, height: of.width })
  return {
    width: height,
    height: width,
    states: states.map(box),
    transitions: transitions.map(({ label, points, ...line }) => ({
      ...line,
      points: points.map(point),
      ...(label === undefined ? {} : { label: box(label) }),
    })),
    beginnings: beginnings.map(({ dot, points }) => ({ dot: point(dot), points: points.map(point) })),
  }
}

const boxAround = ({ x, y }: Point, { width, height }: Size): Box => ({ x: x - width / 2, y: y - height / 2, width, height })
const centreOf = ({ x, y, width, height }: Box): Point => ({ x: x + width / 2, y: y + height / 2 })

/** Removes the points at which a line does not turn. */
const straightened = (points: readonly Point[]): Point[] =>
  points.filter((point, index) => {
    const [before, after] = [points[index - 1], points[index + 1]]
    if (before === undefined || after === undefined) return true
    const isTurn = Math.abs(before.x - after.x) > 0.1 && Math.abs(before.y - after.y) > 0.1
    return isTurn && (Math.abs(before.x - point.x) > 0.1 || Math.abs(before.y - point.y) > 0.1)
  })

function linesOf(transitions: readonly Transition[]): Line[] {
  const groups = new Map<string, Transition[]>()
  for (const transition of transitions) {
    const key = JSON.stringify([transition.from, transition.to])
    groups.set(key, [...(groups.get(key) ?? []), transition])
  }
  return [...groups].flatMap(([id, group]) =>
    group.slice(0, 1).map(({ from, to }) => ({ id, from, to, transitions: group, label: labelOf(group) })),
  )
}

function labelOf(group: readonly Transition[]): Size | undefined {
  const texts = group.map(({ label }) => label)
  if (texts.every((text) => text === '')) return undefined
  return { width: Math.max(...texts.map((text) => textWidth(text, LINE.width))) + 12, height: texts.length * LINE.height + 4 }
}

function headOf({ name, lines, type }: ChartState): { width: number; height: number } {
  if (type === 'history') return { width: SMALL, height: SMALL }
  const wanted = Math.max(textWidth(name, NAME.width) + (type === 'final' ? 16 : 0), ...lines.map((line) => textWidth(line, LINE.width)))
  return { width: Math.max(wanted + 2 * PADDING + 40, 100), height: NAME.height + lines.length * LINE.height + 2 * PADDING - 4 }
}
