import htm from './lib/htm.mjs'
import { h } from './lib/preact.mjs'

/**
 * Templates of elements. Text in them is text: nothing that a stranger sent becomes markup.
 *
 * @type {(strings: TemplateStringsArray, ...values: unknown[]) => import('preact').VNode}
 */
export const html = htm.bind(h)
