import type { PageMessages } from '../types.ts'

export const it: PageMessages = {
  signOut: { title: 'Vuoi uscire?', text: 'Per continuare dovrai accedere di nuovo.' },
  signedOut: {
    title: 'Disconnessione da questo servizio effettuata',
    text: 'Al momento il server di accesso non è raggiungibile. La sessione in altri servizi potrebbe essere ancora aperta.',
  },
  signedOutAgain: {
    title: 'La sessione è terminata di nuovo',
    text: 'Hai effettuato l’accesso, ma la sessione è terminata subito. Accedi di nuovo. Se il problema continua, chiedi aiuto all’amministratore di questo servizio.',
  },
  signInFailed: {
    title: 'Accesso non riuscito',
    text: 'Il server di accesso ha inviato una risposta non valida. Riprova. Se il problema continua, chiedi aiuto all’amministratore di questo servizio.',
  },
  signInRefused: {
    title: 'Non hai effettuato l’accesso',
    text: 'L’accesso è stato annullato o rifiutato. Puoi riprovare.',
  },
  signInExpired: {
    title: 'Questo accesso non è più valido',
    text: 'Ha richiesto troppo tempo, è già stato usato o è stato avviato in un altro browser. Accedi di nuovo.',
  },
  signInNeeded: { title: 'Accedi', text: 'Per aprire questa pagina devi effettuare l’accesso.' },
  stepUpNeeded: {
    title: 'Accedi di nuovo',
    text: 'Hai effettuato l’accesso, ma questa pagina richiede un accesso più sicuro o più recente. Se il problema persiste, chiedi aiuto all’amministratore di questo servizio.',
  },
  sendForm: {
    title: 'Inviare il modulo adesso?',
    text: 'Prima dovevi effettuare l’accesso, quindi il modulo non è ancora stato inviato.',
  },
  formGone: {
    title: 'Questo modulo non può più essere inviato',
    text: 'È già stato inviato o ha atteso troppo a lungo. Controlla se è arrivato prima di compilarlo di nuovo.',
  },
  formOfOther: {
    title: 'Questo modulo non è stato inviato',
    text: 'È stato compilato da un altro utente, quindi non viene inviato con il tuo account.',
  },
  blocked: {
    title: 'Richiesta bloccata',
    text: 'La richiesta non proviene da una pagina di questo servizio, quindi non è stato modificato nulla. Ricomincia dalla pagina iniziale.',
  },
  forbidden: {
    title: 'Accesso negato',
    text: 'Il tuo account non è autorizzato ad aprire questa pagina. Chiedi l’autorizzazione all’amministratore di questo servizio o accedi con un altro account.',
  },
  notFound: {
    title: 'Pagina non trovata',
    text: 'A questo indirizzo non c’è nessuna pagina. Controlla l’indirizzo o vai alla pagina iniziale.',
  },
  tooManyRequests: {
    title: 'Troppe richieste',
    text: 'Questo servizio ha ricevuto troppe richieste da te o dalla tua rete.',
  },
  badRequest: {
    title: 'Non ha funzionato',
    text: 'Il servizio non ha capito la richiesta. Torna indietro e riprova.',
  },
  unavailable: {
    title: 'Al momento non disponibile',
    text: 'Questo servizio non può rispondere in questo momento.',
  },
  failed: {
    title: 'Qualcosa è andato storto',
    text: 'L’errore è nostro. Riprova. Se il problema continua, chiedi aiuto all’amministratore di questo servizio.',
  },
  labels: {
    signIn: 'Accedi',
    signOut: 'Esci',
    tryAgain: 'Riprova',
    sendForm: 'Invia il modulo',
    start: 'Vai alla pagina iniziale',
    waitUntil: 'Riprova {when}.',
    wait: 'Riprova tra qualche minuto.',
    help: 'Se chiedi aiuto, indica questi dati:',
    requestId: 'ID della richiesta',
    code: 'Codice di errore',
  },
}
