import type { ErrorCode } from '../errors/catalogue.js';

export const languages = ['en', 'ru'] as const;
export type Language = (typeof languages)[number];

/** What a plain form can be refused with; anything else is told as `internal-error`. */
export type FormRefusal = Extract<
  ErrorCode,
  | 'credentials-missing'
  | 'token-unknown'
  | 'token-expired'
  | 'token-exhausted'
  | 'token-revoked'
  | 'token-locked'
  | 'ticket-resolved'
  | 'file-missing'
  | 'too-many-files'
  | 'file-empty'
  | 'multipart-malformed'
  | 'request-malformed'
  | 'validation-failed'
  | 'digest-mismatch'
  | 'upload-too-large'
  | 'quota-exceeded'
  | 'upload-stalled'
  | 'rate-limited'
  | 'too-many-uploads'
  | 'shutting-down'
  | 'database-unavailable'
  | 'storage-unavailable'
  | 'storage-full'
  | 'internal-error'
>;

export interface Words {
  readonly product: string;
  readonly title: string;
  readonly stored: string;
  readonly storedLead: string;
  readonly claimed: string;
  readonly claimPending: string;
  readonly claimMatched: string;
  readonly ticket: string;
  readonly file: string;
  readonly size: string;
  readonly time: string;
  readonly another: string;
  readonly refused: string;
  readonly back: string;
  readonly request: string;
  /** By Intl.PluralRules; `{count}` is filled in. */
  readonly attemptsLeft: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>;
  readonly noneLeft: string;
  /** `{time}` is a length of time. */
  readonly wait: string;
  readonly refusals: Readonly<Record<FormRefusal, string>>;
}

/** A test holds the sentences that the page with scripts says, too, against its own. */
export const words: Readonly<Record<Language, Words>> = {
  en: {
    product: 'Logs Collector',
    title: 'Send log files',
    stored: 'The file has arrived',
    storedLead: 'It is stored whole. Keep this receipt, or print it; you may close this page.',
    claimed: 'The checksum has arrived',
    claimPending: 'It will be compared with the file when that comes.',
    claimMatched: 'It agrees with the file that was sent.',
    ticket: 'Ticket',
    file: 'File',
    size: 'Size',
    time: 'Arrived',
    another: 'Send another file',
    refused: 'The file was not stored',
    back: 'Back to the form',
    request: 'If you ask for help, name this number:',
    attemptsLeft: {
      one: 'You may send {count} more file with this token.',
      other: 'You may send {count} more files with this token.',
    },
    noneLeft: 'All files that this token allows have been sent.',
    wait: 'Wait {time} before you try again.',
    refusals: {
      'credentials-missing':
        'The upload token is missing. Put the part of your link after # into the first field.',
      'token-unknown':
        'This link is not valid. Check that it was copied whole, or ask the support engineer for a new one.',
      'token-expired': 'This link has expired. Ask the support engineer for a new one.',
      'token-exhausted':
        'All files that this link allows have been sent. Ask the support engineer for a new one.',
      'token-revoked': 'This link was withdrawn. Ask the support engineer for a new one.',
      'token-locked':
        'Too many uploads failed, so this link is locked. Ask the support engineer for a new one.',
      'ticket-resolved':
        'The ticket is resolved and takes no files. Ask the support engineer to reopen it.',
      'file-missing': 'Choose a file first.',
      'too-many-files': 'Send one file at a time.',
      'file-empty': 'The file is empty. Choose another.',
      'multipart-malformed': 'The upload arrived broken. Send it again.',
      'request-malformed': 'The upload arrived broken. Send it again.',
      'validation-failed': 'No checksum was found in this file. Check it, or leave it out.',
      'digest-mismatch':
        'The checksum does not agree with the file that was sent. Send the file again.',
      'upload-too-large': 'The file is too large. Pack it better or split it.',
      'quota-exceeded':
        'There is no room left for this product’s files. Tell the support engineer.',
      'upload-stalled': 'The upload stood still for too long. Send it again.',
      'rate-limited': 'Too many tries. Wait a moment, then try again.',
      'too-many-uploads': 'Many uploads are under way. Try again in a moment.',
      'shutting-down': 'The service is restarting. Try again in a moment.',
      'database-unavailable': 'The database does not answer. Try again in a moment.',
      'storage-unavailable': 'The storage does not answer. Try again in a moment.',
      'storage-full': 'The storage is full. Tell the support engineer.',
      'internal-error':
        'Something went wrong in the service. Send the file again; if it stays, tell the support engineer.',
    },
  },
  ru: {
    product: 'Logs Collector',
    title: 'Отправить логи',
    stored: 'Файл получен',
    storedLead:
      'Он сохранён полностью. Сохраните или распечатайте эту квитанцию; страницу можно закрыть.',
    claimed: 'Контрольная сумма получена',
    claimPending: 'С ней сверят файл, когда он придёт.',
    claimMatched: 'Она совпала с отправленным файлом.',
    ticket: 'Заявка',
    file: 'Файл',
    size: 'Размер',
    time: 'Получен',
    another: 'Отправить ещё файл',
    refused: 'Файл не сохранён',
    back: 'Вернуться к форме',
    request: 'Если обратитесь за помощью, назовите этот номер:',
    attemptsLeft: {
      one: 'С этим токеном можно отправить ещё {count} файл.',
      few: 'С этим токеном можно отправить ещё {count} файла.',
      many: 'С этим токеном можно отправить ещё {count} файлов.',
      other: 'С этим токеном можно отправить ещё {count} файла.',
    },
    noneLeft: 'По этому токену уже отправлены все разрешённые файлы.',
    wait: 'Подождите {time} и повторите.',
    refusals: {
      'credentials-missing':
        'Не указан токен загрузки. Вставьте в первое поле часть вашей ссылки после #.',
      'token-unknown':
        'Ссылка недействительна. Проверьте, что она скопирована целиком, или попросите у инженера новую.',
      'token-expired': 'Срок ссылки истёк. Попросите у инженера поддержки новую.',
      'token-exhausted':
        'По этой ссылке уже отправлены все разрешённые файлы. Попросите у инженера поддержки новую.',
      'token-revoked': 'Ссылка отозвана. Попросите у инженера поддержки новую.',
      'token-locked':
        'Слишком много неудачных загрузок, ссылка заблокирована. Попросите у инженера поддержки новую.',
      'ticket-resolved':
        'Заявка решена и не принимает файлов. Попросите инженера поддержки открыть её снова.',
      'file-missing': 'Сначала выберите файл.',
      'too-many-files': 'Отправляйте по одному файлу.',
      'file-empty': 'Файл пуст. Выберите другой.',
      'multipart-malformed': 'Загрузка пришла повреждённой. Отправьте ещё раз.',
      'request-malformed': 'Загрузка пришла повреждённой. Отправьте ещё раз.',
      'validation-failed': 'В этом файле нет контрольной суммы. Проверьте его или не отправляйте.',
      'digest-mismatch':
        'Контрольная сумма не совпала с отправленным файлом. Отправьте файл снова.',
      'upload-too-large': 'Файл слишком большой. Сожмите его сильнее или разделите.',
      'quota-exceeded': 'Место для файлов этого продукта закончилось. Сообщите инженеру поддержки.',
      'upload-stalled': 'Загрузка слишком долго не двигалась. Отправьте ещё раз.',
      'rate-limited': 'Слишком много попыток. Немного подождите и повторите.',
      'too-many-uploads': 'Сейчас идёт много загрузок. Повторите через минуту.',
      'shutting-down': 'Сервис перезапускается. Повторите через минуту.',
      'database-unavailable': 'База данных не отвечает. Повторите через минуту.',
      'storage-unavailable': 'Хранилище не отвечает. Повторите через минуту.',
      'storage-full': 'Хранилище заполнено. Сообщите инженеру поддержки.',
      'internal-error':
        'В сервисе что-то пошло не так. Отправьте файл ещё раз; если не поможет, сообщите инженеру поддержки.',
    },
  },
};
