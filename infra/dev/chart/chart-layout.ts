import { type PlacedLevel, placeLevel, type Point, type Size } from './layered-layout.ts'
import { DOT_NODE, FIRST_LINE, gateOf, type Inside, insidesOf, type Line, nodeOf } from './line-pieces.ts'
import type { ChartState, Statechart, Transition } from './statechart.ts'

type Box = Point & Size

/** A state with its place; parents stand before what is in them. */
export interface DrawnState extends Box, Omit<ChartState, 'states'> {
  readonly parent: string | null
  /** Height of the name and the lines, which stand above the states inside. */
  readonly headHeight: number
}

/** Transitions between the same two states as one line with a label of as many lines. */
export interface DrawnTransition {
  readonly from: string
  readonly to: string
  readonly transitions: readonly Pick<Transition, 'event' | 'label' | 'actions'>[]
  readonly points: readonly Point[]
  /** Absent where no transition has a label. */
  readonly label?: Box
}

/** A statechart as it is drawn, in pixels from its upper left corner. */
export interface Drawing {
  readonly width: number
  readonly height: number
  readonly states: readonly DrawnState[]
  readonly transitions: readonly DrawnTransition[]
  /** Where a state starts: a dot, and a line from it. */
  readonly beginnings: readonly { readonly dot: Point; readonly points: readonly Point[] }[]
}

/** Sizes of the text that the page's style sheet gives it: a monospaced face, so that its width is known here. */
const NAME = { width: 7.9, height: 20 }
const LINE = { width: 6.7, height: 16 }
const PADDING = 10
const INSET = 16
const DOT = 10
const SMALL = 28
const MARGIN = 12
/** A state is so wide for each line that ends at it that the arrows can be told apart. */
const LINE_ROOM = 8
/** Wide characters take the place of two. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u
const textWidth = (text: string, size: number): number => [...text].reduce((sum, char) => sum + (WIDE.test(char) ? 2 : 1), 0) * size

/** The shape of the room that the page has for it. */
const ASPECT = 1.25

/** Places all states and lines, in the direction that fills the page better. */
export function layOut(chart: Statechart): Drawing {
  const strayed = ({ width, height }: Drawing): number => Math.abs(Math.log(width / height / ASPECT))
  const [down, right] = [draw(chart, false), draw(chart, true)]
  return strayed(right) < strayed(down) ? right : down
}

function draw(chart: Statechart, isSideways: boolean): Drawing {
  // Sideways is downwards with x and y swapped: texts lie on their side until all is placed.
  const turn = <Of extends Size>(of: Of): Of => (isSideways ? { ...of, width: of.height, height: of.width } : of)
  const lines = linesOf(chart.transitions).map((line) => ({ ...line, label: line.label && turn(line.label) }))
  const insides = insidesOf(chart.root, lines, { width: DOT, height: DOT })
  const measured = new Map<string, Measured>()
  const size = measure(chart.root, insides, isSideways, measured)
  const drawing = place(chart.root, lines, insides, measured, { x: MARGIN, y: MARGIN, ...size })
  return isSideways ? turned(drawing) : drawing
}

/** A state's size, and for one with states where these are in it. */
interface Measured {
  readonly size: Size
  readonly inside?: PlacedLevel & { readonly origin: Point }
}

/** Lays out a state from the innermost level outwards, since a level needs the sizes of what is on it. */
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

/** A piece of a line, and where it stands among the others from the line's start on. */
interface Piece {
  readonly order: number
  readonly points: readonly Point[]
  readonly label: Point | undefined
}

/** Gives everything its place on the page, from the root inwards, and joins the pieces of each line. */
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

/** A drawing with x and y swapped. */
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

/** Without points at which a line does not turn. */
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
