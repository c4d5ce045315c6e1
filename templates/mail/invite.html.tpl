{{%AUTOESCAPE context="HTML"}}
  <h1>You are invited to {{organisation_name}}</h1>
  <p>{{inviter}} invites you to join the organisation {{organisation_name}} at {{portal_title}}, and with it to see and manage its API keys.</p>
  <p><a class="button" href="{{url}}">Look at the invitation</a></p>
  <p class="quiet">The link works once, within 24 hours. If you do not know why you get this, do nothing.</p>
