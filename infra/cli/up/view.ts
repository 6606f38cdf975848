import type { StageStatus } from '../../../pipeline/stage.ts'
import type { Paint, Style } from '../output.ts'
import type { Figure, Figures } from './figures.ts'

export interface ViewModel {
  readonly figures: Figures
  readonly upMs: number
  /** Addresses and the like, by name. */
  readonly facts: readonly (readonly [name: string, text: string])[]
  /** What a new user may type next. */
  readonly commands: readonly string[]
  /** What the demo is doing; absent without one. */
  readonly demo?: string
}

const COUNT_WIDTH = 11
const NAME_WIDTH = 14

/** The live view as text, short enough for 24 lines: a pure function of what it shows. */
export function renderView({ figures, upMs, facts, commands, demo }: ViewModel, paint: Paint): string {
  const name = (text: string): string => paint('gray', `  ${text.padEnd(NAME_WIDTH)}`)
  const cell = (text: string, style: Style): string => paint(style, text.padStart(COUNT_WIDTH))
  const count = (text: string, total: number, style: Style = 'bold'): string => name(text) + cell(number(total), style)
  const figure = (text: string, { total, perSecond }: Figure, style?: Style): string =>
    `${count(text, total, style)} ${cell(`${rate(perSecond)}/s`, 'gray')}`
  const stage = ([role, { position, lag, ok, detail }]: [string, StageStatus]): string => [
    count(role, position, 'reset'), cell(number(lag), lag > 0 ? 'yellow' : 'green'), ok ? '' : paint('red', detail),
  ].join(' ')
  const dead = figures.deadLetters
  const demoText = demo === undefined ? [] : [`demo: ${demo}`]
  return [
    `${paint(['bold', 'cyan'], 'Colloquy')} ${paint('gray', [`up ${duration(upMs)}`, 'Ctrl-C stops', ...demoText].join(', '))}`,
    '',
    figure('messages in', figures.messagesIn) + figure('replies', figures.replies),
    figure('records', figures.records) + figure('dead letters', dead, dead.total > 0 ? 'red' : 'bold'),
    count('live actors', figures.liveActors),
    '',
    paint('gray', `  ${'stage'.padEnd(NAME_WIDTH)}${'position'.padStart(COUNT_WIDTH)} ${'lag'.padStart(COUNT_WIDTH)}`),
    ...[...figures.stages].map(stage),
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
