import { hash } from 'node:crypto'
import { neutralData } from './neutral-data.ts'

/** Puts a text between tags that say what it is; characters beyond `charsMax` are left out. */
export type Fence = (what: string, text: string, charsMax: number) => string

/** Hexadecimal digits of the code in the tags around data. */
const CODE_CHARS = 12

/** What stands before each line of data. */
export const DATA_LINE = '| '

/**
 * Creates the fence of one prompt: tags with a code, each line of data after `| `, without anything that passes for structure
 * (`neutralData`). The code is a hash of all data: nobody can write a text that contains its own code. Method: delimiting and marking of
 * K. Hines et al., "Defending Against Indirect Prompt Injection Attacks With Spotlighting", 2024.
 *
 * @param data all texts of the prompt that anybody may have written
 */
export function createFence(data: readonly unknown[]): Fence {
  const tag = `data-${hash('sha256', JSON.stringify(data)).slice(0, CODE_CHARS)}`
  return (what, text, charsMax) => {
    const lines = neutralData(cut(text, charsMax)).split('\n')
    return [`<${tag} ${what}>`, ...lines.map((line) => `${DATA_LINE}${line}`), `</${tag}>`].join('\n')
  }
}

/** A text within a number of UTF-16 units, with whole characters. */
export const cut = (text: string, charsMax: number): string => (text.length <= charsMax ? text : text.slice(0, charsMax)).toWellFormed()
