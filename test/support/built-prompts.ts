import type { GenerationMessage } from '../../actors/definition/task-generation.ts'
import { PROMPT_WORDS } from '../../actors/prompting/prompt-words.ts'

/** The lines that a prompt has outside of its data. */
const OWN_LINES = new Set(
  Object.values(PROMPT_WORDS).flatMap(({ passages, none, earlier, message, answer }) => [passages, none, earlier, message, answer]),
)

/** What the tags around data may say that it is. */
const KINDS = 'message|earlier|customer|reply|passage="\\d+"'

/**
 * The texts of a prompt that are data, and lines that are neither data nor the prompt's own.
 *
 * @param ownLines default: those of an answer's prompt
 */
export function readPrompt(
  messages: readonly GenerationMessage[],
  ownLines: ReadonlySet<string> = OWN_LINES,
): { data: string[]; strays: string[] } {
  const data: string[] = []
  const strays: string[] = []
  for (const { role, content } of messages) {
    if (role === 'assistant') {
      data.push(content)
      continue
    }
    let open: { readonly tag: string; readonly lines: string[] } | undefined
    for (const line of content.split('\n')) {
      const [, tag] = new RegExp(`^<(data-[0-9a-f]{12}) (?:${KINDS})>$`).exec(line) ?? []
      if (open === undefined && tag !== undefined) open = { tag, lines: [] }
      else if (open !== undefined && line === `</${open.tag}>`) {
        data.push(open.lines.join('\n'))
        open = undefined
      } else if (open !== undefined && line.startsWith('| ')) open.lines.push(line.slice(2))
      else if (open !== undefined || !ownLines.has(line)) strays.push(line)
    }
    if (open !== undefined) strays.push(`${open.tag} is not closed`)
  }
  return { data, strays }
}

const HIDDEN = /[[\p{Cf}\p{Cc}\p{Variation_Selector}]--[\n]]/gv
/** Cyrillic letters as Latin ones; other scripts are left to the code under test. */
const plain = (text: string): string =>
  text
    .replace(HIDDEN, '')
    .replaceAll(/[ѕуеаорс∶]/g, (letter) => 'syeaopc:'['ѕуеаорс∶'.indexOf(letter)] ?? letter)
    .normalize('NFKC')
    .toLowerCase()

/** Written apart from the code under test. */
const MARKERS: readonly RegExp[] = [
  /<\s?[|/!?%]/,
  /<[a-z_]/,
  /\|>/,
  /\[\/?inst\]/,
  /\[gmask\]/,
  /^\s*#{1,6}\s/m,
  /^[^\p{L}\p{N}\n]*(?:system|assistant|user|human|developer|model|instructions?|系统|系統|助手|用户|人类|开发者|指令)[^\p{L}\p{N}\n]*:/mu,
  /role["']?\s*[:=]\s*["']?(?:system|user|assistant)/,
  /[\u200b\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u,
]

/** The marks in a text that a model, or the template of its chat, could take for structure. */
export const markersIn = (text: string): string[] =>
  [text, plain(text)].flatMap((form) => MARKERS.filter((marker) => marker.test(form)).map((marker) => `${marker.source}: ${form}`))

/** What a reader reads of a text: its letters and digits. */
export const contentLetters = (text: string): string => text.replace(HIDDEN, '').replaceAll(/[^\p{L}\p{N}]/gu, '')
