import type { PageMessages } from '../types.ts'

export const fr: PageMessages = {
  signOut: { title: 'Se déconnecter ?', text: 'Vous devrez vous reconnecter pour continuer.' },
  signedOut: {
    title: 'Vous êtes déconnecté de ce service',
    text: 'Le serveur de connexion est injoignable pour le moment. Vous êtes peut-être encore connecté à d’autres services.',
  },
  signedOutAgain: {
    title: 'Vous avez été déconnecté',
    text: 'Vous vous êtes connecté, mais votre session a pris fin aussitôt. Veuillez vous reconnecter. Si le problème persiste, contactez l’administrateur de ce service.',
  },
  signInFailed: {
    title: 'La connexion a échoué',
    text: 'Le serveur de connexion a envoyé une réponse non valide. Veuillez réessayer. Si le problème persiste, contactez l’administrateur de ce service.',
  },
  signInRefused: {
    title: 'Vous n’êtes pas connecté',
    text: 'La connexion a été annulée ou refusée. Vous pouvez réessayer.',
  },
  signInExpired: {
    title: 'Cette connexion n’est plus valide',
    text: 'Elle a pris trop de temps, a déjà été utilisée ou a été commencée dans un autre navigateur. Veuillez vous reconnecter.',
  },
  signInNeeded: {
    title: 'Veuillez vous connecter',
    text: 'Vous devez être connecté pour ouvrir cette page.',
  },
  stepUpNeeded: {
    title: 'Veuillez vous reconnecter',
    text: 'Vous êtes connecté, mais cette page exige une connexion plus sûre ou plus récente. Si le problème persiste, contactez l’administrateur de ce service.',
  },
  sendForm: {
    title: 'Envoyer le formulaire maintenant ?',
    text: 'Vous deviez d’abord vous connecter : votre formulaire n’a pas encore été envoyé.',
  },
  formGone: {
    title: 'Ce formulaire ne peut plus être envoyé',
    text: 'Il a déjà été envoyé ou il a attendu trop longtemps. Vérifiez s’il est arrivé avant de le remplir à nouveau.',
  },
  formOfOther: {
    title: 'Ce formulaire n’a pas été envoyé',
    text: 'Une autre personne l’a rempli : il n’est pas envoyé avec votre compte.',
  },
  blocked: {
    title: 'Requête bloquée',
    text: 'La requête ne provient pas d’une page de ce service : rien n’a été modifié. Veuillez recommencer depuis la page d’accueil.',
  },
  forbidden: {
    title: 'Accès refusé',
    text: 'Votre compte n’est pas autorisé à ouvrir cette page. Demandez l’accès à l’administrateur de ce service ou connectez-vous avec un autre compte.',
  },
  notFound: {
    title: 'Page introuvable',
    text: 'Il n’y a pas de page à cette adresse. Vérifiez l’adresse ou allez à la page d’accueil.',
  },
  tooManyRequests: {
    title: 'Trop de requêtes',
    text: 'Ce service a reçu trop de requêtes de votre part ou de votre réseau.',
  },
  badRequest: {
    title: 'Cela n’a pas fonctionné',
    text: 'Le service n’a pas compris la requête. Revenez en arrière et réessayez.',
  },
  unavailable: {
    title: 'Indisponible pour le moment',
    text: 'Ce service ne peut pas répondre pour le moment.',
  },
  failed: {
    title: 'Une erreur est survenue',
    text: 'Le problème vient de notre côté. Veuillez réessayer. Si le problème persiste, contactez l’administrateur de ce service.',
  },
  labels: {
    signIn: 'Se connecter',
    signOut: 'Se déconnecter',
    tryAgain: 'Réessayer',
    sendForm: 'Envoyer le formulaire',
    start: 'Page d’accueil',
    waitUntil: 'Veuillez réessayer {when}.',
    wait: 'Veuillez réessayer dans quelques minutes.',
    help: 'Si vous demandez de l’aide, indiquez ces informations :',
    requestId: 'ID de la requête',
    code: 'Code d’erreur',
  },
}
