import type { PageMessages } from '../types.ts'

export const nl: PageMessages = {
  signOut: { title: 'Uitloggen?', text: 'Daarna moet je opnieuw inloggen om verder te gaan.' },
  signedOut: {
    title: 'Je bent uitgelogd bij deze dienst',
    text: 'De inlogserver is op dit moment niet bereikbaar. Misschien ben je nog ingelogd bij andere diensten.',
  },
  signedOutAgain: {
    title: 'Je bent weer uitgelogd',
    text: 'Je hebt ingelogd, maar je sessie werd meteen beëindigd. Log opnieuw in. Blijft dit gebeuren, vraag dan de beheerder van deze dienst om hulp.',
  },
  signInFailed: {
    title: 'Inloggen is niet gelukt',
    text: 'De inlogserver heeft een ongeldig antwoord gestuurd. Probeer het opnieuw. Blijft dit gebeuren, vraag dan de beheerder van deze dienst om hulp.',
  },
  signInRefused: {
    title: 'Je bent niet ingelogd',
    text: 'Het inloggen is geannuleerd of geweigerd. Je kunt het opnieuw proberen.',
  },
  signInExpired: {
    title: 'Deze inlogpoging is niet meer geldig',
    text: 'Het duurde te lang, de poging is al gebruikt of is in een andere browser begonnen. Log opnieuw in.',
  },
  signInNeeded: { title: 'Log in', text: 'Je moet ingelogd zijn om deze pagina te openen.' },
  stepUpNeeded: {
    title: 'Log opnieuw in',
    text: 'Je bent ingelogd, maar voor deze pagina is een sterkere of recentere login nodig. Blijft dit gebeuren, vraag dan de beheerder van deze dienst om hulp.',
  },
  sendForm: {
    title: 'Formulier nu versturen?',
    text: 'Je moest eerst inloggen. Je formulier is daarom nog niet verstuurd.',
  },
  formGone: {
    title: 'Dit formulier kan niet meer worden verstuurd',
    text: 'Het is al verstuurd of heeft te lang gewacht. Controleer of het is aangekomen voordat je het opnieuw invult.',
  },
  formOfOther: {
    title: 'Dit formulier is niet verstuurd',
    text: 'Een andere gebruiker heeft het ingevuld. Daarom wordt het niet met je account verstuurd.',
  },
  blocked: {
    title: 'Verzoek geblokkeerd',
    text: 'Het verzoek kwam niet van een pagina van deze dienst. Er is daarom niets gewijzigd. Begin opnieuw op de startpagina.',
  },
  forbidden: {
    title: 'Geen toegang',
    text: 'Je account mag deze pagina niet openen. Vraag de beheerder van deze dienst om toegang of log in met een ander account.',
  },
  notFound: {
    title: 'Pagina niet gevonden',
    text: 'Op dit adres staat geen pagina. Controleer het adres of ga naar de startpagina.',
  },
  tooManyRequests: {
    title: 'Te veel verzoeken',
    text: 'Deze dienst heeft te veel verzoeken van jou of je netwerk ontvangen.',
  },
  badRequest: {
    title: 'Dat is niet gelukt',
    text: 'De dienst kon het verzoek niet begrijpen. Ga terug en probeer het opnieuw.',
  },
  unavailable: { title: 'Nu niet beschikbaar', text: 'Deze dienst kan op dit moment niet reageren.' },
  failed: {
    title: 'Er is iets misgegaan',
    text: 'De fout ligt bij ons. Probeer het opnieuw. Blijft dit gebeuren, vraag dan de beheerder van deze dienst om hulp.',
  },
  labels: {
    signIn: 'Inloggen',
    signOut: 'Uitloggen',
    tryAgain: 'Opnieuw proberen',
    sendForm: 'Formulier versturen',
    start: 'Naar de startpagina',
    waitUntil: 'Probeer het {when} opnieuw.',
    wait: 'Probeer het over een paar minuten opnieuw.',
    help: 'Vermeld deze gegevens als je om hulp vraagt:',
    requestId: 'Verzoek-ID',
    code: 'Foutcode',
  },
}
