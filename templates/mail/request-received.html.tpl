{{%AUTOESCAPE context="HTML"}}
  <h1>We have your request for {{entry_name}}</h1>
  <p>The request for {{entry_name}} with the key <strong>{{key_name}}</strong> has arrived. An administrator looks at it; you hear from us when it is decided.</p>
  <p><a class="button" href="{{url}}">Open the request</a></p>
