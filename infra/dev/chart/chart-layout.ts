import elk, { type ElkExtendedEdge, type ElkNode, type LayoutOptions } from 'elkjs/lib/elk.bundled.js'
import type { ChartState, Statechart, Transition } from './statechart.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

interface Box extends Point {
  readonly width: number
  readonly height: number
}

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
  /** Absent where nothing is to be said. */
  readonly label?: Box
}

/** A statechart as it is drawn, in pixels from its upper left corner. */
export interface Drawing {
  readonly width: number
  readonly height: number
  readonly states: readonly DrawnState[]
  readonly transitions: readonly DrawnTransition[]
  /** Where a state begins: a dot, and a line from it. */
  readonly beginnings: readonly { readonly dot: Point; readonly points: readonly Point[] }[]
}

/** Sizes of the text that the page's style sheet gives it: a monospaced face, so that its width is known here. */
const NAME = { width: 7.9, height: 20 }
const LINE = { width: 6.7, height: 16 }
const PADDING = 10
const DOT = 10
const SMALL = 28
/** Wide characters take the place of two. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u
const textWidth = (text: string, size: number): number => [...text].reduce((sum, char) => sum + (WIDE.test(char) ? 2 : 1), 0) * size

const OPTIONS: LayoutOptions = {
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.spacing.nodeNodeBetweenLayers': '24',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '9',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '4',
  'elk.layered.cycleBreaking.strategy': 'GREEDY',
}
/** In a cycle the line that goes back is one to a state that was written earlier. */
const FORWARD: LayoutOptions = { 'elk.layered.priority.direction': '10' }
/** A label sits on its line. */
const INLINE: LayoutOptions = { 'elk.edgeLabels.inline': 'true' }
const DIRECTIONS = ['DOWN', 'RIGHT'] as const
/** The shape of the room that the page has for it. */
const ASPECT = 1.25

/** Node ids of ELK: a state's path may be any text, so that what is not a state must look like none. */
const nodeOf = (state: string): string => `state ${state}`
const dotOf = (state: string): string => `dot ${state}`

/**
 * Finds places for all states and lines, by ELK's layered algorithm, in the direction that fills the page better.
 *
 * @throws whatever ELK throws.
 */
export async function layOut(chart: Statechart): Promise<Drawing> {
  const engine = new elk.default()
  const drawings: Drawing[] = []
  for (const direction of DIRECTIONS) drawings.push(drawingOf(chart, await engine.layout(graphOf(chart, direction))))
  const strayed = ({ width, height }: Drawing): number => Math.abs(Math.log(width / height / ASPECT))
  return drawings.reduce((best, drawing) => (strayed(drawing) < strayed(best) ? drawing : best))
}

function graphOf(chart: Statechart, direction: (typeof DIRECTIONS)[number]): ElkNode {
  const beginnings: ElkExtendedEdge[] = []
  const nodeFor = (state: ChartState): ElkNode => {
    const { width, height } = headOf(state)
    if (state.states.length === 0) return { id: nodeOf(state.id), width, height }
    const first = state.states.find(({ initial }) => initial)
    const dots = first === undefined || state.type === 'parallel' ? [] : [{ id: dotOf(state.id), width: DOT, height: DOT }]
    for (const dot of dots) {
      beginnings.push({ id: `begin ${state.id}`, sources: [dot.id], targets: [nodeOf(first?.id ?? '')], layoutOptions: FORWARD })
    }
    return {
      id: nodeOf(state.id),
      children: [...dots, ...state.states.map(nodeFor)],
      layoutOptions: {
        'elk.padding': `[top=${height + 6},left=${PADDING + 8},bottom=${PADDING + 8},right=${PADDING + 8}]`,
        'elk.nodeSize.constraints': 'MINIMUM_SIZE',
        'elk.nodeSize.minimum': `(${width},${height})`,
      },
    }
  }
  const children = [nodeFor(chart.root)]
  const order = idsOf(chart.root)
  const edges = groups(chart.transitions).map(([key, [first, ...more]]): ElkExtendedEdge => ({
    id: key, sources: [nodeOf(first.from)], targets: [nodeOf(first.to)], labels: labelsOf([first, ...more]),
    layoutOptions: order.indexOf(first.from) < order.indexOf(first.to) ? FORWARD : {},
  }))
  return { id: 'page', layoutOptions: { ...OPTIONS, 'elk.direction': direction }, children, edges: [...beginnings, ...edges] }
}

const idsOf = (state: ChartState): string[] => [state.id, ...state.states.flatMap(idsOf)]

type Group = [Transition, ...Transition[]]

function groups(transitions: readonly Transition[]): [string, Group][] {
  const found = new Map<string, Group>()
  for (const transition of transitions) {
    const key = JSON.stringify([transition.from, transition.to])
    const group = found.get(key)
    if (group === undefined) found.set(key, [transition])
    else group.push(transition)
  }
  return [...found]
}

function labelsOf(group: Group): NonNullable<ElkExtendedEdge['labels']> {
  const texts = group.map(({ label }) => label)
  if (texts.every((text) => text === '')) return []
  const width = Math.max(...texts.map((text) => textWidth(text, LINE.width))) + 12
  return [{ text: texts.join('\n'), width, height: texts.length * LINE.height + 4, layoutOptions: INLINE }]
}

function headOf({ name, lines, type }: ChartState): { width: number; height: number } {
  if (type === 'history') return { width: SMALL, height: SMALL }
  const wanted = Math.max(textWidth(name, NAME.width) + (type === 'final' ? 16 : 0), ...lines.map((line) => textWidth(line, LINE.width)))
  return { width: Math.max(wanted + 2 * PADDING + 40, 100), height: NAME.height + lines.length * LINE.height + 2 * PADDING - 4 }
}

function drawingOf(chart: Statechart, placed: ElkNode): Drawing {
  const boxes = new Map<string, Box>()
  const note = ({ id, x = 0, y = 0, width = 0, height = 0, children = [] }: ElkNode): void => {
    boxes.set(id, { x, y, width, height })
    children.forEach(note)
  }
  note(placed)
  const boxOf = (id: string): Box => boxes.get(id) ?? { x: 0, y: 0, width: 0, height: 0 }
  const edges = new Map((placed.edges ?? []).map((edge) => [edge.id, edge]))

  const states: DrawnState[] = []
  const beginnings: Drawing['beginnings'][number][] = []
  const place = (state: ChartState, parent: string | null): void => {
    const { states: inner, ...rest } = state
    states.push({ ...rest, parent, headHeight: headOf(state).height, ...boxOf(nodeOf(state.id)) })
    const beginning = edges.get(`begin ${state.id}`)
    if (beginning !== undefined) {
      const { x, y } = boxOf(dotOf(state.id))
      beginnings.push({ dot: { x: x + DOT / 2, y: y + DOT / 2 }, points: pointsOf(beginning) })
    }
    for (const one of inner) place(one, state.id)
  }
  place(chart.root, null)

  const transitions = groups(chart.transitions).map(([key, group]): DrawnTransition => {
    const edge = edges.get(key)
    const { x = 0, y = 0, width = 0, height = 0 } = edge?.labels?.[0] ?? {}
    return {
      from: group[0].from, to: group[0].to, points: edge === undefined ? [] : pointsOf(edge),
      transitions: group.map(({ event, label, actions }) => ({ event, label, actions })),
      ...(width === 0 ? {} : { label: { x, y, width, height } }),
    }
  })
  return { width: placed.width ?? 0, height: placed.height ?? 0, states, transitions, beginnings }
}

const pointsOf = ({ sections = [] }: ElkExtendedEdge): Point[] =>
  sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint])
