"""Html: one page that needs nothing but a browser, with the goldens themselves inside it.

`page` puts it together, `data` packs what it shows, and `files` holds what runs in the browser. The
page reads the golden's own columns, so it can show whatever a golden can hold.
"""
