import type { StageStatus } from '../../../pipeline/runtime/stage.ts'
import type { Figure, Figures, KindFigures } from '../../app/live-figures.ts'
import type { Paint, Style } from '../../app/terminal-output.ts'

export interface ViewModel {
  readonly figures: Figures
  readonly upMs: number
  /** Lines of fixed text, such as addresses, with their names. */
  readonly facts: readonly (readonly [name: string, text: string])[]
  /** Commands that a new user may try next. */
  readonly commands: readonly string[]
  /** State of the demo; absent if no demo runs. */
  readonly demo?: string
}

const COUNT_WIDTH = 11
const NAME_WIDTH = 14
const STAGE_WIDTH = 2 + NAME_WIDTH + 2 * COUNT_WIDTH + 1
/** Max kinds shown beside the stages; the view shows the busiest ones. */
const KINDS_MAX = 5

const title = (text: string): string => `  ${text.padEnd(NAME_WIDTH)}`
const column = (text: string): string => text.padStart(COUNT_WIDTH)
const clip = (text: string): string => (text.length < NAME_WIDTH ? text : `${text.slice(0, NAME_WIDTH - 2)}…`)
const busiest = (kinds: Figures['kinds']): [string, KindFigures][] => [...kinds].toSorted(([, a], [, b]) => b.in - a.in).slice(0, KINDS_MAX)

/** The live view as text of at most 24 lines. */
export function renderView({ figures, upMs, facts, commands, demo }: ViewModel, paint: Paint): string {
  const name = (text: string): string => paint('gray', title(text))
  const cell = (text: string, style: Style): string => paint(style, column(text))
  const count = (text: string, total: number, style: Style = 'bold'): string => name(text) + cell(number(total), style)
  const figure = (text: string, { total, perSecond }: Figure, style?: Style): string =>
    `${count(text, total, style)} ${cell(`${rate(perSecond)}/s`, 'gray')}`
  const stage = ([role, { position, lag }]: [string, StageStatus]): string =>
    `${count(role, position, 'reset')} ${cell(number(lag), lag > 0 ? 'yellow' : 'green')}`
  const kind = ([text, { in: taken, out: given }]: [string, KindFigures]): string =>
    `${name(clip(text))}${cell(number(taken), 'reset')}${cell(number(given), 'reset')}`
  const trouble = (status: StageStatus | undefined): string => (status === undefined || status.ok ? '' : ` ${paint('red', status.detail)}`)
  const stages = [...figures.stages]
  const kinds = busiest(figures.kinds)
  const rows = Array.from({ length: Math.max(stages.length, kinds.length) }, (_, row) => {
    const [left, right] = [stages[row], kinds[row]]
    return `${left === undefined ? ' '.repeat(STAGE_WIDTH) : stage(left)}${right === undefined ? '' : kind(right)}${trouble(left?.[1])}`
  })
  const dead = figures.deadLetters
  const demoText = demo === undefined ? [] : [`demo: ${demo}`]
  return [
    `${paint(['bold', 'cyan'], 'Colloquy')} ${paint('gray', [`up ${duration(upMs)}`, 'Ctrl-C stops', ...demoText].join(', '))}`,
    '',
    figure('messages in', figures.messagesIn) + figure('replies', figures.replies),
    figure('records', figures.records) + figure('dead letters', dead, dead.total > 0 ? 'red' : 'bold'),
    count('live actors', figures.liveActors),
    '',
    paint('gray', `${title('stage')}${column('position')} ${column('lag')}${title('kind')}${column('in')}${column('out')}`),
    ...rows,
    '',
    ...facts.map(([fact, text]) => name(fact) + text),
    '',
    ...commands.map((command) => `  ${paint('cyan', command)}`),
  ].join('\n')
}

const number = (value: number): string => value.toLocaleString('en')
const rate = (perSecond: number): string => (perSecond >= 100 ? number(Math.round(perSecond)) : perSecond.toFixed(1))

function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  const pad = (value: number): string => String(value).padStart(2, '0')
  return `${Math.floor(seconds / 3600)}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`
}
