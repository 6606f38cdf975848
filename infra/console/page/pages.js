import { conversationsPage } from './pages/conversations.js'
import { deadLettersPage } from './pages/dead-letters.js'
import { deskPage } from './pages/desk.js'
import { settingsPage } from './pages/effective-settings.js'
import { knowledgePage } from './pages/knowledge.js'
import { overviewPage } from './pages/overview.js'
import { qualityPage } from './pages/quality.js'

/** @import { Place } from './page-address.js' */
/** @import { Words } from './words.js' */

/**
 * A page while it is shown. `open` is called with each place in it, the first included; `close` when another page is shown.
 *
 * @typedef {{ open?: (place: Place) => void, view: () => unknown, close?: () => void }} PageView
 */
/**
 * A page: its first part of the address, and its name in the navigation.
 *
 * @typedef {{ name: string, title: (words: Words) => string, create: () => PageView }} Page
 */

/** All pages, in the order of the navigation. The first one is shown at `/`. @type {readonly Page[]} */
export const PAGES = [overviewPage, conversationsPage, deskPage, qualityPage, knowledgePage, deadLettersPage, settingsPage]
