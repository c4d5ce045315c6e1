{{%AUTOESCAPE context="HTML"}}
  <h1>Your request for {{entry_name}} was declined</h1>
  <p>The request for {{entry_name}} with the key <strong>{{key_name}}</strong> was declined.</p>
  {{#has_reason}}<p class="said">{{reason}}</p>{{/has_reason}}
  <p><a class="button" href="{{url}}">Open your requests</a></p>
