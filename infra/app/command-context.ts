import type { LoadedSettings } from '../settings.ts'
import type { Output } from './terminal-output.ts'

/** What a command has to work with. */
export interface CommandContext {
  readonly out: Output
  /** @throws ColloquyError `bad_setting` */
  settings(): LoadedSettings
}

/** A program reads this: one JSON text, or one on each line. */
export const JSON_FLAG = '--json'
export interface JsonOption {
  readonly json?: true
}
