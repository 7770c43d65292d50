import type { PageMessages } from '../types.ts'

export const de: PageMessages = {
  signOut: { title: 'Abmelden?', text: 'Danach müssen Sie sich neu anmelden, um weiterzuarbeiten.' },
  signedOut: {
    title: 'Sie sind bei diesem Dienst abgemeldet',
    text: 'Der Anmeldeserver ist zurzeit nicht erreichbar. Bei anderen Diensten sind Sie vielleicht noch angemeldet.',
  },
  signedOutAgain: {
    title: 'Sie wurden wieder abgemeldet',
    text: 'Sie haben sich angemeldet, aber Ihre Sitzung wurde sofort beendet. Bitte melden Sie sich noch einmal an. Wenn das wieder passiert, wenden Sie sich an die Administration dieses Dienstes.',
  },
  signInFailed: {
    title: 'Die Anmeldung hat nicht funktioniert',
    text: 'Der Anmeldeserver hat eine ungültige Antwort gesendet. Bitte versuchen Sie es noch einmal. Wenn das wieder passiert, wenden Sie sich an die Administration dieses Dienstes.',
  },
  signInRefused: {
    title: 'Sie sind nicht angemeldet',
    text: 'Die Anmeldung wurde abgebrochen oder abgelehnt. Sie können es noch einmal versuchen.',
  },
  signInExpired: {
    title: 'Diese Anmeldung ist nicht mehr gültig',
    text: 'Sie hat zu lange gedauert, wurde schon verwendet oder in einem anderen Browser begonnen. Bitte melden Sie sich noch einmal an.',
  },
  signInNeeded: {
    title: 'Bitte melden Sie sich an',
    text: 'Um diese Seite zu öffnen, müssen Sie angemeldet sein.',
  },
  stepUpNeeded: {
    title: 'Bitte melden Sie sich erneut an',
    text: 'Sie sind angemeldet, aber diese Seite verlangt eine stärkere oder neuere Anmeldung. Wenn das wieder passiert, wenden Sie sich an die Administration dieses Dienstes.',
  },
  sendForm: {
    title: 'Formular jetzt senden?',
    text: 'Sie mussten sich erst anmelden. Deshalb wurde Ihr Formular noch nicht gesendet.',
  },
  formGone: {
    title: 'Dieses Formular kann nicht mehr gesendet werden',
    text: 'Es wurde schon gesendet oder hat zu lange gewartet. Prüfen Sie, ob es angekommen ist, bevor Sie es noch einmal ausfüllen.',
  },
  formOfOther: {
    title: 'Dieses Formular wurde nicht gesendet',
    text: 'Jemand anderes hat es ausgefüllt. Deshalb wird es nicht mit Ihrem Konto gesendet.',
  },
  blocked: {
    title: 'Anfrage abgelehnt',
    text: 'Die Anfrage kam nicht von einer Seite dieses Dienstes. Deshalb wurde nichts geändert. Bitte beginnen Sie noch einmal auf der Startseite.',
  },
  forbidden: {
    title: 'Kein Zugriff',
    text: 'Ihr Konto darf diese Seite nicht öffnen. Bitten Sie die Administration dieses Dienstes um Zugriff, oder melden Sie sich mit einem anderen Konto an.',
  },
  notFound: {
    title: 'Seite nicht gefunden',
    text: 'Unter dieser Adresse gibt es keine Seite. Prüfen Sie die Adresse, oder gehen Sie zur Startseite.',
  },
  tooManyRequests: {
    title: 'Zu viele Anfragen',
    text: 'Dieser Dienst hat zu viele Anfragen von Ihnen oder aus Ihrem Netzwerk erhalten.',
  },
  badRequest: {
    title: 'Das hat nicht funktioniert',
    text: 'Der Dienst konnte die Anfrage nicht verstehen. Gehen Sie zurück und versuchen Sie es noch einmal.',
  },
  unavailable: { title: 'Zurzeit nicht verfügbar', text: 'Dieser Dienst kann gerade nicht antworten.' },
  failed: {
    title: 'Etwas ist schiefgegangen',
    text: 'Der Fehler liegt bei uns. Bitte versuchen Sie es noch einmal. Wenn das wieder passiert, wenden Sie sich an die Administration dieses Dienstes.',
  },
  labels: {
    signIn: 'Anmelden',
    signOut: 'Abmelden',
    tryAgain: 'Noch einmal versuchen',
    sendForm: 'Formular senden',
    start: 'Zur Startseite',
    waitUntil: 'Bitte versuchen Sie es {when} noch einmal.',
    wait: 'Bitte versuchen Sie es in einigen Minuten noch einmal.',
    help: 'Wenn Sie um Hilfe bitten, geben Sie bitte an:',
    requestId: 'Anfrage-ID',
    code: 'Fehlercode',
  },
}
